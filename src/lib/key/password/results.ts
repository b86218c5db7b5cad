// What `key rotate password` returns under --json.
import { z } from 'zod';
import { submitResult } from '../../operation/result.ts';

const finding = z.strictObject({
  code: z.string(),
  /** Whether it must be accepted before anything is changed. */
  blocks: z.boolean(),
  text: z.string(),
});

export const keyRotatePasswordResult = z.strictObject({
  ...submitResult.shape,
  name: z.string(),
  /** The role that readers used before, and the one that they use once the plan is applied. */
  before: z.string(),
  after: z.string(),
  findings: z.array(finding),
});

export type KeyRotatePasswordResult = z.infer<typeof keyRotatePasswordResult>;
