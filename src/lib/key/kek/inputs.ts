import { z } from 'zod';

const count = z.number().int().nonnegative();

/** What a rotation is expected to take. */
export const kekForecast = z.strictObject({
  /** Wrapped data keys. */
  keys: count,
  kmsCalls: count,
  usd: z.number().nonnegative(),
  seconds: count,
});

/** `inputs` of a plan of kind `key.rotate-kek`. */
export const kekInputs = z.strictObject({
  /** Canonical `schema.table`. */
  keyring: z.string(),
  /** `material`: the same key gets new material. `key`: another key takes over. */
  mode: z.enum(['material', 'key']),
  /** The KMS keys, by ARN, under which data keys are now. */
  from: z.array(z.string()).min(1),
  /** The KMS key, by ARN, under which they will be. */
  to: z.string(),
  /** What `to` encrypted with when the plan was made, where the service tells. */
  materialBefore: z.string().nullable(),
  /** The alias of the writers, moved to `to` first. */
  alias: z.string().nullable(),
  batchSize: z.number().int().positive(),
  kmsRequestsPerSecond: z.number().positive().nullable(),
  forecast: kekForecast,
});

export type KekInputs = z.infer<typeof kekInputs>;
