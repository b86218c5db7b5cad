import { z } from 'zod';

const count = z.number().int().nonnegative();

/** Values of the person in one column. */
export const place = z.strictObject({
  table: z.string(),
  column: z.string(),
  /** `own`: rows that are the person's alone; `shared`: with others; `others`: rows of others. */
  whose: z.enum(['own', 'shared', 'others']),
  rows: count,
  /** `change`; `keep`: the map keeps it as it is; `leave`: it is of others. */
  action: z.enum(['change', 'keep', 'leave']),
});

export type Place = z.infer<typeof place>;

/** Who has to be told (Article 19 GDPR). */
export const informed = z.strictObject({
  /** `table`: rows about the person that are kept for others; `trigger`: hands changes to somebody outside. */
  kind: z.enum(['table', 'trigger']),
  name: z.string(),
  rows: count,
});

/** `inputs` of a plan of kind `subject.rectify`. No value of a person: a plan is kept for ever. */
export const rectifyInputs = z.strictObject({
  reason: z.string().min(1),
  tenant: z.string().nullable(),
  /** The number of the request that is fulfilled. */
  request: z.number().int().positive().nullable(),
  /** The column that is set; null where a name changes. */
  field: z.strictObject({ table: z.string(), column: z.string() }).nullable(),
  /** Whether rows of others change too. */
  everywhere: z.boolean(),
  commitment: z.strictObject({ salt: z.string(), hash: z.string() }),
  /** From which a later run reads the values; null: only the process that made the plan knows them. */
  valuesFile: z.string().nullable(),
  places: z.array(place),
  toTell: z.array(informed),
  /** Channels to which the person objected under the old name. */
  objections: z.array(z.string()),
  /** Triggers that the change sets off. */
  triggers: z.array(z.strictObject({ name: z.string(), effect: z.string(), to: z.array(z.string()) })),
});

export type RectifyInputs = z.infer<typeof rectifyInputs>;

/** What a step works on. */
export const rectifyStep = z.strictObject({ table: z.string() });
