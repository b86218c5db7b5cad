import { z } from 'zod';

const names = z.union([z.string(), z.array(z.string())]);

const document = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Sid: z.string(),
      Effect: z.enum(['Allow', 'Deny']),
      Principal: z.literal('*').optional(),
      Action: names,
      Resource: names,
      Condition: z.record(z.string(), z.record(z.string(), z.string())).optional(),
    }),
  ),
});

export const backupPolicyResult = z.strictObject({
  destination: z.string(),
  bucket: z.string(),
  /** Of the role that was asked for, or of all. */
  policies: z.strictObject({
    writer: document.optional(),
    reader: document.optional(),
    rewrapper: document.optional(),
    pruner: document.optional(),
    bucket: document.optional(),
  }),
});

export type BackupPolicyResult = z.infer<typeof backupPolicyResult>;
