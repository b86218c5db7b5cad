import { z } from 'zod';
import { planBody } from './plan.ts';

const time = z.string();
const operator = z.strictObject({
  fingerprint: z.string(),
  name: z.string(),
  enrolledAt: time,
  revokedAt: time.nullable(),
  revokeReason: z.string().nullable(),
});

/** The result of `operator list`. */
export const operatorListResult = z.strictObject({ operators: z.array(operator) });

/** The result of a command that builds a plan and may apply it at once. */
export const submitResult = z.strictObject({
  /** Null where nothing needed a plan. */
  plan: z.string().nullable(),
  outcome: z.enum(['applied', 'planned', 'awaiting approval', 'not stored', 'enrolled']),
  certificate: z.string().nullable(),
  body: planBody.nullable(),
});

/** The result of `plan list`. */
export const planListResult = z.strictObject({
  plans: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.string(),
      profile: z.string(),
      state: z.enum(['open', 'expired', 'applying', 'applied', 'cancelled']),
      createdAt: time,
      expiresAt: time,
      approvals: z.number().int(),
      required: z.number().int(),
    }),
  ),
});

/** The result of `plan show`. */
export const planShowResult = z.strictObject({
  id: z.string(),
  state: z.enum(['open', 'applying', 'applied', 'cancelled']),
  body: planBody,
  stepsDone: z.number().int(),
  required: z.number().int(),
  signatures: z.array(
    z.strictObject({
      role: z.enum(['author', 'approver']),
      fingerprint: z.string(),
      name: z.string(),
      signedAt: time,
    }),
  ),
});

/** The result of `plan sign` and `plan approve`. */
export const planSignatureResult = z.strictObject({
  plan: z.string(),
  role: z.enum(['author', 'approver']),
  fingerprint: z.string(),
  name: z.string(),
  signedAt: time,
});

/** The result of `plan apply`. */
export const planApplyResult = z.strictObject({
  plan: z.string(),
  kind: z.string(),
  /** False with --dry-run. */
  applied: z.boolean(),
  steps: z.number().int(),
  resumedAfter: z.number().int(),
  certificate: z.string().nullable(),
});

/** The result of `plan cancel`. */
export const planCancelResult = z.strictObject({
  plan: z.string(),
  cancelled: z.boolean(),
  stepsDone: z.number().int(),
  /** What a half-applied plan leaves behind, and how to remove it: a sentence each. */
  leftovers: z.array(z.string()),
});

const statement = {
  id: z.string(),
  predicateType: z.string(),
  subject: z.array(z.object({ name: z.string(), digest: z.record(z.string(), z.string()) })),
  predicate: z.record(z.string(), z.json()),
};
const envelope = z.strictObject({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(z.object({ keyid: z.string().optional(), sig: z.string() })),
});

/** The result of `certificate list`. */
export const certificateListResult = z.strictObject({
  certificates: z.array(
    z.strictObject({
      id: z.string(),
      planId: z.string().nullable(),
      predicateType: z.string(),
      createdAt: time,
    }),
  ),
});

/** The result of `certificate show`: claims only, nothing of it is verified. */
export const certificateShowResult = z.strictObject({ ...statement, envelope });

/** The result of `certificate verify`. */
export const certificateVerifyResult = z.strictObject({ ...statement, keyIds: z.array(z.string()) });

/** The result of `certificate keys init`. */
export const certificateKeysResult = z.strictObject({
  /** Null with --dry-run. */
  keyId: z.string().nullable(),
  secretKeyFile: z.string(),
  publicKeyFile: z.string(),
});
