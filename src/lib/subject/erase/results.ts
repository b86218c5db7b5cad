// What `subject erase` returns under --json.
import { z } from 'zod';
import { rowActions } from './closure/treatment.ts';

const count = z.number().int().nonnegative();

const place = z.strictObject({
  /** `schema.table`, `statistics of schema.table`, `object BUCKET/KEY`. */
  place: z.string(),
  column: z.string(),
  form: z.string(),
  rows: count,
});

export const eraseDone = z.strictObject({
  rowsDeleted: count,
  rowsChanged: count,
  /** That came while the others were treated. */
  rowsLate: count,
  objects: count,
  versions: count,
  /** Of others, without the person's names now. */
  objectsRewritten: count,
  /** Under a lock of the store: they stay until it ends. */
  objectsRetained: count,
  /** Where a name of theirs still stands, and nothing says why. */
  left: z.array(place),
  /** Where they stand as they are called, without an address: maybe a namesake. */
  displayNames: z.array(place).default([]),
  /** Where it stands because a rule, a law or a hold keeps it. */
  kept: z.array(place),
  /** Objects of others that name them. */
  objectsNaming: z.array(place),
  unasked: z.array(z.strictObject({ source: z.string(), reason: z.string() })),
});

export const subjectEraseResult = z.strictObject({
  persons: count,
  rows: z.array(
    z.strictObject({
      table: z.string(),
      /** What becomes of them. */
      action: z.enum(rowActions),
      /** Theirs, alone or with others; else rows of others that name them. */
      owned: z.boolean(),
      rows: count,
    }),
  ),
  objects: z.array(z.strictObject({ bucket: z.string(), objects: count })),
  holds: z.array(z.strictObject({ hold: count, table: z.string(), rows: count })),
  /** Deletes that no index helps: each looks through so many rows. */
  scans: z.array(z.strictObject({ key: z.string(), from: z.string(), deletes: count, rows: count })),
  triggers: z.array(z.strictObject({ name: z.string(), effect: z.string(), to: z.array(z.string()) })),
  /** Until when backups hold what was erased. */
  backups: z.strictObject({
    sets: count,
    lockedUntil: z.string().nullable(),
    keysLockedUntil: z.string().nullable(),
  }),
  planId: z.string(),
  outcome: z.enum(['applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
  /** Null unless it was applied. */
  done: eraseDone.nullable(),
});

/** Of `--rehearse`: in a copy that was thrown away. */
export const eraseRehearsalResult = z.strictObject({
  rehearsed: z.literal(true),
  setId: z.string(),
  persons: count,
  rows: subjectEraseResult.shape.rows,
  /** Rows deleted or changed. */
  touched: count,
  /** That the rows took. */
  seconds: z.number().nonnegative(),
  left: z.array(place),
  displayNames: z.array(place),
  kept: z.array(place),
  unasked: eraseDone.shape.unasked,
});

export type EraseRehearsalResult = z.infer<typeof eraseRehearsalResult>;
export type SubjectEraseResult = z.infer<typeof subjectEraseResult>;
export type EraseDone = z.infer<typeof eraseDone>;
