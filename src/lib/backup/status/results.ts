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
      /** The end of the earliest lock on its data; null: the store can lose it. */
      lockedUntil: z.string().nullable(),
      /** Of its mail objects, where they are kept longer. */
      objectsLockedUntil: z.string().nullable(),
    })
    .nullable(),
  /** The last run since then that did not reach this destination. */
  lastFailure: z.strictObject({ setId: z.string(), startedAt: z.string() }).nullable(),
  /** The newest set whose contents passed their last verification, whole or by sample, and when that was. */
  verified: z
    .strictObject({ setId: z.string(), level: z.string(), at: z.string(), ageSeconds: seconds })
    .nullable(),
  /** The same of names and sizes. */
  listed: z
    .strictObject({ setId: z.string(), level: z.string(), at: z.string(), ageSeconds: seconds })
    .nullable(),
  /** The last drill that passed, and how long the restore took. */
  drilled: z
    .strictObject({ setId: z.string(), at: z.string(), ageSeconds: seconds, rtoSeconds: seconds })
    .nullable(),
  /** Complete, not pruned, and there where the store was asked; null where the state database was not. */
  sets: count.nullable(),
  bytes: count.nullable(),
  /** Sets that the state database has as complete, and the store no longer has; null where it was not asked. */
  missing: count.nullable(),
  /** By how much a set is larger than one of a week before; null where the sets cover less than a day. */
  growthBytesPerWeek: z.number().int().nullable(),
  /** What will be there, and what it will cost a month; empty where the sets cover less than a day. */
  forecast: z.array(z.strictObject({ days: count, sets: count, bytes: count, cost: z.number().nullable() })),
  /** A month, for what is there now; null without a price. */
  cost: z.strictObject({ amount: z.number(), currency: z.string() }).nullable(),
  /** Sets that still have their wrapped keys; null where the store was not asked. */
  keyrings: count.nullable(),
  /** Runs that have not ended; a dead one was killed, and the next run settles it. */
  openRuns: z.array(z.strictObject({ setId: z.string(), state: z.enum(['under way', 'dead']) })).nullable(),
  /** Whether the state database answered: if not, null means unknown, everywhere here. */
  register: z.enum(['asked', 'unreachable']),
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
