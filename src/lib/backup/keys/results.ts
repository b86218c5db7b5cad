// What `backup recipients` and `backup rewrap` return under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const time = z.string();

const listedRecipient = z.strictObject({
  /** As the configuration names it. */
  file: z.string(),
  fingerprint: z.string(),
  userIds: z.array(z.string()),
  created: time,
  /** The earlier of the key's and the encryption key's end; null: it does not end. */
  expires: time.nullable(),
  state: z.enum(['valid', 'expiring', 'expired', 'revoked', 'unusable']),
  /** Why it is not valid. */
  reason: z.string().nullable(),
});

export const recipientsListResult = z.strictObject({
  configFile: z.string(),
  recipients: z.array(listedRecipient),
  /** A key of the key management service that opens new sets as well. */
  kmsKey: z.string().nullable(),
  /** How many different keys must be usable, and how many are. */
  needed: count,
  usable: count,
});

/** How many complete sets a key opens; nulls where this host may not read the sets. */
const opensSets = z.strictObject({ fingerprint: z.string(), sets: count });

export const recipientsChangeResult = z.strictObject({
  configFile: z.string(),
  change: z.enum(['added', 'would add', 'removed', 'would remove']),
  file: z.string(),
  fingerprint: z.string(),
  /** The recipients afterwards, as the configuration names them. */
  recipients: z.array(z.string()),
  /** Who can open how many of the complete sets that are there now; null where this host may not read them. */
  access: z
    .strictObject({
      sets: count,
      remaining: z.array(opensSets),
      /** Sets that none of the configured recipients opens any more, but the one that is removed does. */
      lost: z.array(z.string()),
    })
    .nullable(),
});

export const recipientsSetsResult = z.strictObject({
  location: z.string(),
  fingerprint: z.string(),
  openable: count,
  missing: count,
  sets: z.array(
    z.strictObject({
      setId: z.string(),
      startedAt: time,
      /** Null: the key does not open it. */
      opensBy: z.enum(['recipient', 'rewrap']).nullable(),
      /** Of the encryption key that does. */
      keyId: z.string().nullable(),
      /** Why it cannot be told. */
      problem: z.string().nullable(),
    }),
  ),
});

const rewrappedSet = z.strictObject({
  setId: z.string(),
  outcome: z.enum(['rewrapped', 'would rewrap', 'nothing to do', 'failed']),
  /** Fingerprints of those who can open it from now on. */
  recipients: z.array(z.string()),
  /** Files whose session keys were wrapped, the manifest among them. */
  files: count,
  /** Keyrings that are gone already. */
  gone: count,
  stored: z.array(
    z.strictObject({ destination: z.string(), location: z.string(), lockedUntil: time.nullable() }),
  ),
  /** Why it failed, or which destination lacks the rewrap. */
  message: z.string().nullable(),
});

export const rewrapResult = z.strictObject({
  location: z.string(),
  sets: z.array(rewrappedSet),
});

export type ListedRecipient = z.infer<typeof listedRecipient>;
export type RecipientsListResult = z.infer<typeof recipientsListResult>;
export type RecipientsChangeResult = z.infer<typeof recipientsChangeResult>;
export type RecipientsSetsResult = z.infer<typeof recipientsSetsResult>;
export type RewrappedSet = z.infer<typeof rewrappedSet>;
export type RewrapResult = z.infer<typeof rewrapResult>;
