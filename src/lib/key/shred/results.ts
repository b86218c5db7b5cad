// What `key shred` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const keyShredResult = z.strictObject({
  keyring: z.string(),
  /** Versions of the subject's key. */
  keys: count,
  /** Values that nobody can read afterwards, by column. */
  values: z.array(z.strictObject({ table: z.string(), column: z.string(), values: count })),
  /** Until when a backup may hold a copy of the wrapped key; null where the register knows none. */
  backupsUntil: z.string().nullable(),
  because: z.strictObject({ setId: z.string(), destination: z.string() }).nullable(),
  /** Copies whose wrapped keys no lock protects: they go with the next prune after their age. */
  unlockedCopies: count,
  planId: z.string(),
  outcome: z.enum(['applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
});

export type KeyShredResult = z.infer<typeof keyShredResult>;
