import { z } from 'zod';
import { dkimAlgorithms } from './key-pair.ts';

const milliseconds = z.number().int().nonnegative();

export const rotationInputs = z.strictObject({
  domain: z.string(),
  reason: z.enum(['scheduled', 'compromised']),
  make: z.array(
    z.strictObject({ selector: z.string(), algorithm: z.enum(dkimAlgorithms), keyFile: z.string() }),
  ),
  retire: z.array(z.strictObject({ selector: z.string(), keyType: z.string(), keyFile: z.string() })),
  /** For how long resolvers remember that the new selectors were not there. */
  negativeMemory: milliseconds,
  /** For how long they remember the old records. */
  recordMemory: milliseconds,
  queueLife: milliseconds,
  hold: milliseconds,
});

export type RotationInputs = z.infer<typeof rotationInputs>;
