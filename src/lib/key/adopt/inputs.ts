import { z } from 'zod';
import { bearable } from '../walk/bearable.ts';

const count = z.number().int().nonnegative();

/** What adopting is expected to take, told before it begins and compared afterwards. */
export const adoptForecast = z.strictObject({
  /** Values to be encrypted, or to be removed at the end. */
  values: count,
  /** Values that are encrypted already, and compared with what they were before. */
  compared: count,
  /** Data keys that are made. */
  newKeys: count,
  kmsCalls: count,
  usd: z.number().nonnegative(),
  walBytes: count,
  seconds: count,
});

/**
 * `copy`: from the source column into the encrypted one. `in-place`: values in clear of the encrypted column itself.
 * `finish`: the source column is emptied.
 */
export const adoptMode = z.enum(['copy', 'in-place', 'finish']);

/** `inputs` of plans of the kinds `key.adopt` and `key.adopt-finish`. */
export const adoptInputs = z.strictObject({
  mode: adoptMode,
  /** Canonical `schema.table`. */
  keyring: z.string(),
  table: z.string(),
  column: z.string(),
  /** The column that holds the values as they were before; null in place. */
  source: z.string().nullable(),
  sourceFormat: z.enum(['plain', 'pgcrypto']),
  /** The KMS key that wraps data keys for subjects that have none; null: none are made. */
  makeKeys: z.string().nullable(),
  /** Seconds that must have passed since the values were adopted; null unless `finish`. */
  windowSeconds: count.nullable(),
  batchSize: z.number().int().positive(),
  workers: z.number().int().positive(),
  rowsPerSecond: z.number().positive().nullable(),
  bearable,
  kmsRequestsPerSecond: z.number().positive().nullable(),
  forecast: adoptForecast,
});

export type AdoptInputs = z.infer<typeof adoptInputs>;
export type AdoptMode = AdoptInputs['mode'];
export type AdoptForecast = AdoptInputs['forecast'];
