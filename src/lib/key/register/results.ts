// What `key list`, `key show` and `key status` return under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();
/** RFC 3339, UTC. */
const time = z.string();

export const keyKinds = [
  'kek',
  'dek',
  'hmac',
  'openpgp-recipient',
  'openpgp-signer',
  'certificate-signer',
  'password',
  'dkim',
] as const;

/** `overdue`: something should have been done by now. `due`: before long. `unknown`: it could not be told. */
const verdict = z.enum(['fine', 'due', 'overdue', 'unknown']);

const finding = z.strictObject({ code: z.string(), verdict, message: z.string() });

const need = z.strictObject({
  why: z.string(),
  /** The newest backup set that needs the key. */
  setId: z.string().nullable(),
  /** When the last lock of such a set ends; null where nothing tells a date. */
  until: time.nullable(),
});

export const keyRow = z.strictObject({
  /** Stays the same as long as the key is the same: `dek:mail.subject_keys:active`. */
  id: z.string(),
  kind: z.enum(keyKinds),
  name: z.string(),
  state: z.string(),
  /** `3`, `1-4`, or null where there are no versions. */
  version: z.string().nullable(),
  /** How many keys the row stands for: data keys of one keyring and state are one row. */
  keys: count,
  created: time.nullable(),
  /** Since when it is used as it is now: a rotation begins anew. Of several keys, the oldest. */
  activated: time.nullable(),
  ageSeconds: z.number().int().nullable(),
  cryptoperiodSeconds: count.nullable(),
  /** The end of the cryptoperiod, or of the key itself where that is earlier. */
  ends: time.nullable(),
  /** How many of the row's keys are past it. */
  keysOverdue: count,
  /** Under it, by the last census. */
  values: count.nullable(),
  bytes: count.nullable(),
  /** Of the key with the most values; what was overwritten since is not counted against it. */
  encryptionsLeft: count.nullable(),
  /** What it is for: `seals the password app`. */
  usedFor: z.array(z.string()),
  needed: z.array(need),
  /** From when on; null is now. */
  next: z.strictObject({ action: z.string(), from: time.nullable() }).nullable(),
  verdict,
  findings: z.array(finding),
});

/** A source that could not be asked. */
const unasked = z.strictObject({ source: z.string(), reason: z.string() });

const census = z
  .strictObject({ takenAt: time, values: count, findings: count })
  .nullable()
  .describe('what values and bytes are from');

export const keyListResult = z.strictObject({ keys: z.array(keyRow), census, unasked: z.array(unasked) });

export const keyStatusResult = z.strictObject({
  profile: z.string(),
  verdict,
  at: time,
  withinSeconds: count,
  keys: z.array(keyRow),
  census,
  unasked: z.array(unasked),
  report: z.string().nullable(),
});

export const keyShowResult = z.strictObject({
  keys: z.array(keyRow),
  /** The data keys of one subject, where one was asked for, the newest first. */
  versions: z.array(
    z.strictObject({
      id: z.string(),
      version: z.number().int(),
      state: z.string(),
      kek: z.string(),
      created: time.nullable(),
    }),
  ),
  census,
  unasked: z.array(unasked),
});

export type KeyRow = z.infer<typeof keyRow>;
export type KeyVerdict = z.infer<typeof verdict>;
export type KeyFinding = z.infer<typeof finding>;
export type KeyNeed = z.infer<typeof need>;
export type Unasked = z.infer<typeof unasked>;
export type CensusSummary = z.infer<typeof census>;
export type KeyListResult = z.infer<typeof keyListResult>;
export type KeyStatusResult = z.infer<typeof keyStatusResult>;
export type KeyShowResult = z.infer<typeof keyShowResult>;
