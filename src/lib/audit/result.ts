import { z } from 'zod';
import { auditBody } from './entry.ts';

const anchor = z.strictObject({ seq: z.number().int(), hash: z.string() });

/** The result of `audit log`. */
export const logResult = z.strictObject({
  entries: z.array(anchor.extend({ body: auditBody.nullable() })),
});

/** The result of `audit verify`. */
export const verifyResult = z.strictObject({
  entries: z.number().int(),
  head: anchor.nullable(),
  findings: z.array(
    z.strictObject({
      seq: z.number().int(),
      problem: z.enum(['changed', 'missing', 'reordered', 'inserted', 'truncated', 'anchor-mismatch']),
      explanation: z.string(),
    }),
  ),
  findingCount: z.number().int(),
});

export type LogOutput = z.infer<typeof logResult>;
export type VerifyOutput = z.infer<typeof verifyResult>;
