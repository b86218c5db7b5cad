import { z } from 'zod';
import { rowActions } from './closure/treatment.ts';

const count = z.number().int().nonnegative();

/** `inputs` of a plan of kind `subject.erase`. Nobody is named: a plan is kept for ever. */
export const eraseInputs = z.strictObject({
  reason: z.string().min(1),
  tenant: z.string().nullable(),
  /** Whether somebody said that several rows of a table are one person; plans of before said nothing. */
  onePerson: z.boolean().default(false),
  /** Keyed hashes of names that several persons share, by which nobody was looked for. */
  shared: z.array(z.string()).default([]),
  /** The number of the request that is fulfilled. */
  request: z.number().int().positive().nullable(),
  /** Of each person, keyed hashes of their names: docs/formats/name-hash.md. */
  persons: z.array(z.array(z.string()).min(1)).min(1),
  /** By which the periods of the law were judged. */
  judgedAt: z.string(),
  rows: z.array(
    z.strictObject({
      table: z.string(),
      action: z.enum(rowActions),
      owned: z.boolean(),
      rows: count,
      digest: z.string(),
    }),
  ),
  objects: z.array(z.strictObject({ bucket: z.string(), objects: count })),
  holds: z.array(z.strictObject({ hold: count, table: z.string(), rows: count })),
  /** Foreign keys to rows that go. */
  keys: z.array(
    z.strictObject({
      name: z.string(),
      from: z.string(),
      to: z.string(),
      stay: count,
      outcome: z.enum(['none', 'cascade', 'set-null', 'set-default', 'unlink']),
      /** Rows that each delete looks through for want of an index; null where there is one. */
      scanned: count.nullable(),
    }),
  ),
  /** Triggers that the changes set off, by their name in the map. */
  triggers: z.array(z.strictObject({ name: z.string(), effect: z.string(), to: z.array(z.string()) })),
});

export type EraseInputs = z.infer<typeof eraseInputs>;

/** What a step works on. */
export const stepInputs = z.strictObject({
  /** Canonical names; several that refer to each other are deleted in one statement. */
  tables: z.array(z.string()).default([]),
  /** Names the work table of rows that only lose a reference, and the columns that are emptied. */
  part: z.string().optional(),
  columns: z.array(z.string()).optional(),
  /** All rows in one statement. */
  whole: z.boolean().optional(),
});

export type StepInputs = z.infer<typeof stepInputs>;
