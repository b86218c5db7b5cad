// What `map scan` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const unseen = z.strictObject({
  /** Canonical `schema.table`, or `bucket NAME`. */
  table: z.string(),
  /** Null: the whole of it. */
  column: z.string().nullable(),
  reason: z.string(),
});

const proposal = z.strictObject({
  /** Canonical `schema.table`; `schema.table.trigger` for a trigger. */
  table: z.string(),
  /** Null for what is about the whole table. */
  column: z.string().nullable(),
  /** JSONPath, of a JSON column. */
  path: z.string().nullable(),
  what: z.enum([
    'key',
    'tenant',
    'owner',
    'reference',
    'personal',
    'undecided',
    'non-personal',
    'keyring',
    'trigger',
    'object',
  ]),
  /** What the draft says: `user.contact.email`, `public.accounts.id`. */
  value: z.string(),
  /** In words and counts, never with a value of the database. */
  reason: z.string(),
  /** `certain`: the catalog says so. */
  confidence: z.enum(['certain', 'high', 'medium', 'low']),
});

export const mapScanResult = z.strictObject({
  database: z.string(),
  /** Where the draft was written; null: to stdout. */
  file: z.string().nullable(),
  /** The draft, YAML; null where it is in the file. */
  draft: z.string().nullable(),
  tables: count,
  columns: count,
  /** Places that a person has to decide. */
  todos: count,
  proposals: z.array(proposal),
  /** Keys of the buckets by their form, in which no value stands. */
  objects: z.array(
    z.strictObject({
      bucket: z.string(),
      form: z.string(),
      keys: count,
      /** Canonical `schema.table` whose rows they belong to; null where that is not known. */
      table: z.string().nullable(),
      reason: z.string(),
    }),
  ),
  /** What `map lint` has to say beside the TODOs: flaws of the schema that no map can mend. */
  flaws: z.array(z.strictObject({ rule: z.string(), message: z.string() })),
  /** What could not be looked at. */
  unseen: z.array(unseen),
});

export type Proposal = z.infer<typeof proposal>;
export type MapScanResult = z.infer<typeof mapScanResult>;
