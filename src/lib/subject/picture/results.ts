// What `map show` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const mapTableSummary = z.strictObject({
  /** Canonical `schema.table`. */
  table: z.string(),
  ownership: z.string(),
  isPersonal: z.boolean(),
  /** Fields with personal data. */
  fields: count,
  encrypted: count,
  categories: z.array(z.string()),
  /** What becomes of a row whose owner is erased. */
  erase: z.string(),
  keep: z.string().nullable(),
  law: z.string().nullable(),
  legalBasis: z.string().nullable(),
  /** Entries that a person has yet to decide. */
  todo: count,
});

export const mapShowResult = z.strictObject({
  file: z.string(),
  tables: z.array(mapTableSummary),
  todo: count,
  report: z.string().nullable(),
});

export type MapTableSummary = z.infer<typeof mapTableSummary>;
export type MapShowResult = z.infer<typeof mapShowResult>;
