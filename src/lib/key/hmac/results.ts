// What `key rotate hmac` returns under --json.
import { z } from 'zod';
import { hmacForecast, hmacInputs, hmacMode } from './inputs.ts';

const count = z.number().int().nonnegative();

export const keyRotateHmacResult = z.strictObject({
  mode: hmacMode,
  /** Canonical `schema.table`. */
  keyring: z.string(),
  hashes: hmacInputs.shape.hashes,
  /** The version that was active when this was planned; null before the first. */
  version: z.number().int().nullable(),
  /** The one that takes over; null unless `new`. */
  nextVersion: z.number().int().nullable(),
  forecast: hmacForecast,
  /** Null where there is nothing to do. */
  planId: z.string().nullable(),
  outcome: z.enum(['nothing to do', 'applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
  /** What it took; null where nothing was applied. */
  actual: z
    .strictObject({
      newKeys: count,
      /** Hashes written; with `finish`, removed. */
      values: count,
      /** Of those, how many only a later reading found: an application had written without knowing the version. */
      late: count,
      /** How often an application had changed a row under the walk; it was read again. */
      moved: count,
      /** Versions. */
      drained: count,
      kmsCalls: count,
      walBytes: count,
      seconds: z.number().nonnegative(),
    })
    .nullable(),
});

export type KeyRotateHmacResult = z.infer<typeof keyRotateHmacResult>;
