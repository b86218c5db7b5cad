// What `key rotate openpgp` returns under --json.
import { z } from 'zod';
import { submitResult } from '../../operation/result.ts';
import { rotateInputs } from './inputs.ts';

export const keyRotateOpenpgpResult = z.strictObject({
  ...submitResult.shape,
  /** Of the primary key, which stays. */
  fingerprint: z.string(),
  role: rotateInputs.shape.role,
  change: rotateInputs.shape.change,
  /** When it can be used no longer; null: it does not end. */
  ends: z.string().nullable(),
  /** The encryption key that new sets are made for; null before it is made, and for a signer. */
  encryptionKeyId: z.string().nullable(),
  /** Null where the secret key is elsewhere. */
  secretFile: z.string().nullable(),
  publicFiles: z.array(z.string()),
  /** Encryption keys that were there before, whose secrets stay in the secret key. */
  oldKeyIds: z.array(z.string()),
  /** The sets that those open; null where this host cannot tell, or where nothing changes for them. */
  needed: rotateInputs.shape.needed,
  /** Other copies of the secret key that the configuration names, which will not open new sets. */
  staleCopies: z.array(z.string()),
});

export type KeyRotateOpenpgpResult = z.infer<typeof keyRotateOpenpgpResult>;
