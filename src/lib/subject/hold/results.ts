// What `hold add`, `list`, `release` and `settle` return under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** RFC 3339, UTC. */
const time = z.string();

export const hold = z.strictObject({
  number: count,
  case: z.string(),
  reason: z.string(),
  /** How many names of a person, or how many rows, it is on; never which. */
  names: count,
  rows: count,
  /** The tables that it is limited to; null: all of the person's rows. */
  tables: z.array(z.string()).nullable(),
  tenant: z.string().nullable(),
  /** A date. */
  reviewBy: z.string().nullable(),
  author: z.string(),
  placedAt: time,
  released: z.strictObject({ at: time, reason: z.string(), author: z.string() }).nullable(),
  /** The keys that its hashes were made under; each must stay configured until it is released. */
  keyIds: z.array(z.string()),
  /** What erasures left because of it, and none has taken up since. */
  deferred: z.array(z.strictObject({ planId: z.string(), table: z.string(), rows: count })),
  /** `review`: its day of review is past. `waiting`: released, and rows that it kept are to be erased. */
  verdict: z.enum(['active', 'review', 'waiting', 'released']),
});

export const holdAddResult = z.strictObject({
  hold,
  /** Whether the platform has a person of that name, or these rows. */
  found: z.boolean(),
  /** Erasures that are being applied: they may have taken rows before the hold was placed. */
  erasuresUnderWay: z.array(z.string()),
});

export const holdListResult = z.strictObject({
  holds: z.array(hold),
  active: count,
  review: count,
  waiting: count,
});

export const holdReleaseResult = z.strictObject({
  hold,
  /** Rows that wait to be erased now, as each erasure counted them: two of one person count the same ones. */
  rowsWaiting: count,
});

export const holdSettleResult = z.strictObject({
  hold,
  /** Entries, each of a plan and a table, that waited. */
  closed: count,
});

export type Hold = z.infer<typeof hold>;
export type HoldAddResult = z.infer<typeof holdAddResult>;
export type HoldListResult = z.infer<typeof holdListResult>;
export type HoldReleaseResult = z.infer<typeof holdReleaseResult>;
export type HoldSettleResult = z.infer<typeof holdSettleResult>;
