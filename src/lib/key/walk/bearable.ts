import { z } from 'zod';

const limit = z.number().positive().nullable();

/** What the platform's server bears while a walk goes on; null: no limit. */
export const bearable = z.strictObject({
  /** The walk pauses while a replica is further behind, in seconds. */
  replicaLagSeconds: limit,
  /** Of the whole server: the walk pauses until the average is below. */
  walBytesPerSecond: limit,
  /** `pause`: the walk pauses while its table is vacuumed. */
  vacuum: z.enum(['pause', 'ignore']),
});

export type Bearable = z.infer<typeof bearable>;

/** Nothing is looked at. */
export const unlimited: Bearable = { replicaLagSeconds: null, walBytesPerSecond: null, vacuum: 'ignore' };
