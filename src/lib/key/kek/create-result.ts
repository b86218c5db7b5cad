// What `key kms create` returns under --json.
import { z } from 'zod';

export const keyKmsCreateResult = z.strictObject({
  keyId: z.string(),
  arn: z.string(),
  usage: z.enum(['encrypt', 'sign']),
  description: z.string(),
});

export type KeyKmsCreateResult = z.infer<typeof keyKmsCreateResult>;
