import { z } from 'zod';
import { compromisedKeys } from '../keyring/compromised.ts';
import { bearable } from '../walk/bearable.ts';

const count = z.number().int().nonnegative();

/** What a re-encryption is expected to take, told before it begins and compared afterwards. */
export const reencryptForecast = z.strictObject({
  /** Values under keys that are not to stay. */
  values: count,
  /** Data keys that are made. */
  newKeys: count,
  kmsCalls: count,
  usd: z.number().nonnegative(),
  walBytes: count,
  seconds: count,
});

/** `inputs` of a plan of kind `key.reencrypt`. */
export const reencryptInputs = z.strictObject({
  /** Canonical `schema.table`. */
  keyring: z.string(),
  columns: z.array(z.strictObject({ table: z.string(), column: z.string() })),
  /** `new`: every subject gets a new data key. `active`: values move to the active key that is there. */
  keys: z.enum(['new', 'active']),
  /** The KMS key that wraps new data keys; that of the old one when null. */
  kek: z.string().nullable(),
  /** Keys that somebody may know: these alone get successors, and are called so. Null: every key gets one. */
  compromised: compromisedKeys.nullable(),
  batchSize: z.number().int().positive(),
  workers: z.number().int().positive(),
  rowsPerSecond: z.number().positive().nullable(),
  bearable,
  kmsRequestsPerSecond: z.number().positive().nullable(),
  /** For how long an application may go on writing under a key that it has in memory. */
  writerCacheSeconds: count,
  forecast: reencryptForecast,
});

export type ReencryptInputs = z.infer<typeof reencryptInputs>;
export type ReencryptForecast = z.infer<typeof reencryptForecast>;
