// What `backup status` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const seconds = z.number();
const verdict = z.enum(['fresh', 'stale', 'unknown']);

const destinationStatus = z.strictObject({
  name: z.string(),
  required: z.boolean(),
  verdict,
  /** What stands against `fresh`, one sentence each. */
  problems: z.array(z.strictObject({ verdict: z.enum(['stale', 'unknown']), message: z.string() })),
  /** The newest complete set that nothing speaks against; its age is what a loss of the platform would cost now. */
  lastSet: z
    .strictObject({
      setId: z.string(),
      startedAt: z.string(),
      ageSeconds: seconds,
      lockedUntil: z.string().nullable(),
    })
    .nullable(),
  /** The last run since then that did not reach this destination. */
  lastFailure: z.strictObject({ setId: z.string(), startedAt: z.string() }).nullable(),
  /** The last verification of contents that passed, whole or by sample. */
  verified: z
    .strictObject({ setId: z.string(), level: z.string(), at: z.string(), ageSeconds: seconds })
    .nullable(),
  /** The last verification of names and sizes that passed. */
  listed: z
    .strictObject({ setId: z.string(), level: z.string(), at: z.string(), ageSeconds: seconds })
    .nullable(),
  /** The last drill that passed, and how long the restore took. */
  drilled: z
    .strictObject({ setId: z.string(), at: z.string(), ageSeconds: seconds, rtoSeconds: seconds })
    .nullable(),
  sets: count,
  bytes: count,
  /** By how much a set is larger than one of a week before; null where the sets cover less than a day. */
  growthBytesPerWeek: z.number().int().nullable(),
  /** What will be there, and what it will cost a month; empty where the sets cover less than a day. */
  forecast: z.array(z.strictObject({ days: count, sets: count, bytes: count, cost: z.number().nullable() })),
  /** A month, for what is there now; null without a price. */
  cost: z.strictObject({ amount: z.number(), currency: z.string() }).nullable(),
  /** Sets that still have their wrapped keys; null where the store was not asked. */
  keyrings: count.nullable(),
  /** Runs that have not ended; a dead one was killed, and the next run settles it. */
  openRuns: z.array(z.strictObject({ setId: z.string(), state: z.enum(['under way', 'dead']) })),
  store: z.enum(['asked', 'not asked', 'unreachable']),
});

export const backupStatusResult = z.strictObject({
  profile: z.string(),
  verdict,
  destinations: z.array(destinationStatus),
  /** The recipient whose key ends first; null where none ends. */
  nextExpiry: z.strictObject({ recipient: z.string(), at: z.string() }).nullable(),
});

export type Verdict = z.infer<typeof verdict>;
export type DestinationStatus = z.infer<typeof destinationStatus>;
export type BackupStatusResult = z.infer<typeof backupStatusResult>;
