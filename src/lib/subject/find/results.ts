// What `subject find` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** `own`: the person's alone. `shared`: of several, the person among them. `mention`: of others, and names the person. */
export const rowClass = z.enum(['own', 'shared', 'mention']);

export const subjectFindResult = z.strictObject({
  /**
   * `found`: rows that are the person. `mentioned`: only in rows of others. `none`: nowhere. `ambiguous`: the names lead
   * to several persons.
   */
  verdict: z.enum(['found', 'mentioned', 'none', 'ambiguous']),
  /** How many names of each kind were found; never which. */
  names: z.array(z.strictObject({ kind: z.string(), values: count })),
  /** Rows that are the person, by primary key. */
  persons: z.array(
    z.strictObject({ table: z.string(), key: z.array(z.string()), tenant: z.string().nullable() }),
  ),
  rows: z.array(
    z.strictObject({
      table: z.string(),
      /** Null where the table has none. */
      tenant: z.string().nullable(),
      class: rowClass,
      /** Of the table's fields. */
      categories: z.array(z.string()),
      rows: count,
      /** Objects of the store that these rows name. */
      objects: count,
    }),
  ),
  /** Lines of log files that name the person; null where they were not looked through, or none are configured. */
  logs: z
    .array(
      z.strictObject({
        /** Its path; where the name itself names somebody, the folder and the beginning of the name's SHA-256. */
        file: z.string(),
        lines: count,
      }),
    )
    .nullable(),
  /** Kept backup sets, each of which may hold the person; null where no state database tells. */
  backups: z
    .strictObject({
      sets: count,
      oldest: z.string().nullable(),
      /** When the last of their locks ends; null where none is locked. */
      lockedUntil: z.string().nullable(),
    })
    .nullable(),
  /** What could not be looked at. */
  unasked: z.array(z.strictObject({ source: z.string(), reason: z.string() })),
});

export type SubjectFindResult = z.infer<typeof subjectFindResult>;
export type RowClass = z.infer<typeof rowClass>;
