import { z } from 'zod';
import { keyRule } from './rule/rule.ts';

const seconds = z.number().int().nonnegative();

/** Seconds; a timer cannot wait for much longer. */
export const longestWriterCache = 7 * 86_400;

/** `inputs` of plans of the kinds `key.retire` and `key.destroy`. */
export const destroyInputs = z.strictObject({
  /** The KMS key, by ARN. */
  key: z.string(),
  /** For how long applications may remember which key wraps. */
  writerCacheSeconds: seconds.max(longestWriterCache),
  /** For how long the key must have been disabled and not used; 0 for `key.retire`, which does not ask. */
  soakSeconds: seconds,
  /** When the key was retired, RFC 3339, UTC: the plan is for this time of being disabled; null for `key.retire`. */
  retiredAt: z.string().nullable(),
  /** Until the service destroys it; null for `key.retire`. */
  waitingDays: z.number().int().min(7).max(30).nullable(),
  /** What was found when the plan was made. It is found anew when the plan is applied. */
  rules: z.array(keyRule).min(1),
});

export type DestroyInputs = z.infer<typeof destroyInputs>;
