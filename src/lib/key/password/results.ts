// What `key rotate password` and `key password check` return under --json.
import { z } from 'zod';
import { submitResult } from '../../operation/result.ts';

const finding = z.strictObject({
  code: z.string(),
  /** Whether it must be accepted before anything is changed. */
  blocks: z.boolean(),
  text: z.string(),
});

/** A session that began with an old password. */
const oldSession = z.strictObject({
  pid: z.number().int(),
  role: z.string(),
  application: z.string().nullable(),
  address: z.string().nullable(),
});

export const keyRotatePasswordResult = z.strictObject({
  ...submitResult.shape,
  name: z.string(),
  /** The role that readers used before, and the one that they use once the plan is applied. */
  before: z.string(),
  after: z.string(),
  findings: z.array(finding),
  /** Of those whose passwords are known to others; null unless that was told and the plan is applied. */
  oldSessions: z
    .strictObject({
      found: z.number().int().nonnegative(),
      ended: z.number().int().nonnegative(),
      /** The first hundred. */
      sessions: z.array(oldSession),
    })
    .nullable(),
});

export type KeyRotatePasswordResult = z.infer<typeof keyRotatePasswordResult>;

const time = z.string();

const passwordState = z.strictObject({
  name: z.string(),
  verdict: z.enum(['current', 'findings', 'unknown']),
  /** Null where neither a file nor a rotation tells it. */
  inUse: z.string().nullable(),
  roles: z.array(
    z.strictObject({
      name: z.string(),
      /** `unknown`: only superusers may look. Null: the server could not be asked, or has no such role. */
      form: z.enum(['scram-sha-256', 'md5', 'none', 'unknown']).nullable(),
      validUntil: time.nullable(),
      sessions: z.number().int().nonnegative().nullable(),
    }),
  ),
  /** When the last new password was published; null before the first rotation by postern. */
  rotatedAt: time.nullable(),
  ageSeconds: z.number().int().nullable(),
  cryptoperiodSeconds: z.number().int(),
  dueAt: time.nullable(),
  findings: z.array(z.strictObject({ code: z.string(), text: z.string() })),
  /** What could not be looked at, and why. */
  unknown: z.array(z.string()),
});

export type PasswordState = z.infer<typeof passwordState>;

export const keyPasswordCheckResult = z.strictObject({ passwords: z.array(passwordState) });

export type KeyPasswordCheckResult = z.infer<typeof keyPasswordCheckResult>;
