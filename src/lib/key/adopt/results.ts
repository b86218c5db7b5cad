// What `key adopt` returns under --json.
import { z } from 'zod';
import { adoptForecast, adoptMode } from './inputs.ts';

const count = z.number().int().nonnegative();

export const keyAdoptResult = z.strictObject({
  mode: adoptMode,
  /** Canonical `schema.table`. */
  table: z.string(),
  /** Where encrypted values are. */
  column: z.string(),
  /** Where they come from; null in place. */
  source: z.string().nullable(),
  forecast: adoptForecast,
  /** Where values in clear are left afterwards, a sentence each. */
  remains: z.array(z.string()),
  /** Null where there is nothing to do. */
  planId: z.string().nullable(),
  outcome: z.enum(['nothing to do', 'applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
  /** What it took; null where nothing was applied. */
  actual: z
    .strictObject({
      newKeys: count,
      /** Encrypted; with `finish`, removed. */
      values: count,
      /** Of those, how many only the second reading found: written by an application meanwhile, or missed. */
      late: count,
      /** How often an application had changed a row under the walk; it was read again. */
      moved: count,
      kmsCalls: count,
      walBytes: count,
      seconds: z.number().nonnegative(),
    })
    .nullable(),
});

export type KeyAdoptResult = z.infer<typeof keyAdoptResult>;
