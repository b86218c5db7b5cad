import { z } from 'zod';

export const rotationKind = 'key.rotate-openpgp';

const neededBy = z.strictObject({
  sets: z.number().int().nonnegative(),
  lockedUntil: z.string().nullable(),
  unknown: z.number().int().nonnegative(),
});

export const rotateInputs = z.strictObject({
  /** Of the primary key, which stays: 40 uppercase hexadecimal digits. */
  fingerprint: z.string().regex(/^[0-9A-F]{40}$/),
  /** What it is used for: `recipient` opens backup sets, `signer` signs them. */
  role: z.enum(['recipient', 'signer']),
  /** `subkey`: a new encryption subkey; `extend`: later ends; `import`: what was made of it elsewhere. */
  change: z.enum(['subkey', 'extend', 'import']),
  /** The file of the secret key, and of its passphrase; null where neither is here. */
  secretFile: z.string().nullable(),
  passphraseFile: z.string().nullable(),
  /** Whether the file that is replaced stays under another name. */
  keepOld: z.boolean(),
  /** When what is new ends; null: never. */
  ends: z.string().nullable(),
  /** Where the public half is written. */
  publicFiles: z.array(z.string()).min(1),
  /** ASCII-armored; null unless `import`. */
  publicKey: z.string().nullable(),
  /** Key ids of the encryption keys that were there. */
  oldKeyIds: z.array(z.string()),
  /** The sets that those open; null where this host cannot tell. */
  needed: neededBy.nullable(),
});

export type RotateInputs = z.infer<typeof rotateInputs>;
