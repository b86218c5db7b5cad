import { z } from 'zod';
import { bearable } from '../walk/bearable.ts';

const count = z.number().int().nonnegative();

/** What it is expected to take, told before it begins and compared afterwards. */
export const hmacForecast = z.strictObject({
  /** Hashes to be written; to finish, to be removed. */
  values: count,
  /** Hashes that are there already, and compared. */
  compared: count,
  /** HMAC keys that are made: one, or none. */
  newKeys: count,
  kmsCalls: count,
  usd: z.number().nonnegative(),
  walBytes: count,
  /** With the time for which applications keep keys in memory. */
  seconds: count,
});

/** `new`: another version takes over. `active`: the hashes of the active version are set right. `finish`: the old column is emptied. */
export const hmacMode = z.enum(['new', 'active', 'finish']);

const hash = z.strictObject({
  /** Canonical `schema.table`. */
  table: z.string(),
  source: z.string(),
  /** Where hashes are written; to finish, the one that is emptied. */
  column: z.string(),
});

/** `inputs` of plans of the kinds `key.rotate-hmac` and `key.rotate-hmac-finish`. */
export const hmacInputs = z.strictObject({
  mode: hmacMode,
  /** Canonical `schema.table`. */
  keyring: z.string(),
  hashes: z.array(hash).min(1),
  /** The version that is active when the plan is made; null where the first one is made. */
  active: z.strictObject({ id: z.string(), version: z.number().int() }).nullable(),
  /** The version that takes over: its id is null where the plan makes it. Null unless `new`. */
  next: z.strictObject({ id: z.string().nullable(), version: z.number().int() }).nullable(),
  /** Ids of the versions that are marked as drained; none unless `finish`. */
  drained: z.array(z.string()),
  /** The KMS key that wraps a new version; that of the active one when null. Never null for the first one. */
  kek: z.string().nullable(),
  /** Seconds that must have passed since the rotation; null unless `finish`. */
  windowSeconds: count.nullable(),
  /** For how long an application may go on with the versions that it has in memory. */
  writerCacheSeconds: count,
  batchSize: z.number().int().positive(),
  workers: z.number().int().positive(),
  rowsPerSecond: z.number().positive().nullable(),
  bearable,
  kmsRequestsPerSecond: z.number().positive().nullable(),
  forecast: hmacForecast,
});

export type HmacInputs = z.infer<typeof hmacInputs>;
export type HmacMode = HmacInputs['mode'];
export type HmacForecast = HmacInputs['forecast'];
