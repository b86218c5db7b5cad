// What `map export` and `map import` return under --json.
import { z } from 'zod';
import { lossKinds } from './loss.ts';

const count = z.number().int().nonnegative();

const loss = z.strictObject({
  kind: z.enum(lossKinds),
  /** `schema.table`, `schema.table.column`, or what else it is about. */
  path: z.string(),
  /** What is lost, or what becomes of it. */
  message: z.string(),
});

export const mapExportResult = z.strictObject({
  /** The data map. */
  file: z.string(),
  format: z.literal('fideslang'),
  /** Where it was written; null: to stdout, or with --strict nowhere. */
  output: z.string().nullable(),
  /** The datasets, YAML; null where they are in the file, or with --strict nowhere. */
  text: z.string().nullable(),
  datasets: count,
  collections: count,
  fields: count,
  /** What the format cannot say. */
  losses: z.array(loss),
});

export const mapImportResult = z.strictObject({
  /** The file of datasets. */
  file: z.string(),
  format: z.literal('fideslang'),
  output: z.string().nullable(),
  /** The draft of the map, YAML; null where it is in the file. */
  draft: z.string().nullable(),
  tables: count,
  columns: count,
  /** Places that a person has to decide. */
  todos: count,
  /** What the draft leaves out. */
  losses: z.array(loss),
});

export type MapExportResult = z.infer<typeof mapExportResult>;
export type MapImportResult = z.infer<typeof mapImportResult>;
