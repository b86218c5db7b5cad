import { z } from 'zod';

const count = z.number().int().nonnegative();

/** How many pseudonyms there are under each version of the key. */
const versions = z.array(z.strictObject({ version: z.number().int().positive(), values: count }));

const countedColumn = z.strictObject({ table: z.string(), column: z.string(), versions });

/** What the plan of a rotation says; no value and no key. */
export const rotateInputs = z.strictObject({
  /** Of the key that makes the new ones. */
  version: z.number().int().positive(),
  /** Tells that key from any other. */
  keyId: z.string(),
  /** As they were when the plan was made. */
  columns: z.array(countedColumn),
  /** Of the tables, which every change sets off: `schema.table.trigger`. */
  triggers: z.array(z.string()),
  batchSize: z.number().int().positive(),
});

export type RotateInputs = z.infer<typeof rotateInputs>;
export type CountedColumn = z.infer<typeof countedColumn>;
