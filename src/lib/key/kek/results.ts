// What `key rotate kek` returns under --json.
import { z } from 'zod';
import { kekForecast } from './inputs.ts';

const count = z.number().int().nonnegative();

export const keyRotateKekResult = z.strictObject({
  keyring: z.string(),
  mode: z.enum(['material', 'key']),
  from: z.array(z.string()),
  to: z.string(),
  forecast: kekForecast,
  planId: z.string(),
  outcome: z.enum(['applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
  /** What it took; null where nothing was applied. */
  actual: z
    .strictObject({
      rewrapped: count,
      /** Changed by an application under the rotation; seen to once more at the end. */
      moved: count,
      /** Wrapped by an application under the older key meanwhile, and wrapped anew at the end. */
      late: count,
      /** The id of the new material, where the service tells. */
      material: z.string().nullable(),
      kmsCalls: count,
      seconds: z.number().nonnegative(),
    })
    .nullable(),
});

export type KeyRotateKekResult = z.infer<typeof keyRotateKekResult>;
