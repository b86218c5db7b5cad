import { realpath } from 'node:fs/promises';
import { describeKey } from '../../crypto/openpgp-key-description.ts';
import { roleOf } from './judge.ts';
import { readKeyFile, requireWritable } from './key-file.ts';
import type { RotateOptions } from './plan-rotate.ts';
import { endOf, knownKey, requireChangeable, requireCurrentSecret, requireMeant } from './requirements.ts';
import { mergedFiles, prepare, prove, publish, renew, type SecretRotation, verify } from './steps.ts';

/** A rotation without configuration and state database, ready to be done: it was tried in memory. */
export interface PreparedElsewhere {
  readonly fingerprint: string;
  readonly role: SecretRotation['role'];
  readonly secretFile: string;
  readonly oldKeyIds: readonly string[];
  /** As backups will take the key, RFC 3339; null: it does not end. */
  readonly ends: string | null;
  /**
   * Replaces the secret key, then writes the public half. Killed, it is run again: at worst the key has one subkey more
   * than it needs.
   * @returns the new encryption key's id; null for a signer
   */
  readonly rotate: () => Promise<string | null>;
}

/**
 * Prepares the rotation of a secret key on a host that has nothing else of postern, for the host that has.
 * @throws {PosternError} exit 2 as `planRotation`, but for what the configuration tells
 */
export async function prepareElsewhere(
  options: Omit<RotateOptions, 'passphraseFile'> & {
    readonly passphrase: string | undefined;
    readonly publicOut: string;
  },
  now: Date,
): Promise<PreparedElsewhere> {
  const { change, passphrase, publicOut, duration, standard } = options;
  const secretKey = await readKeyFile(options.secretFile);
  const secretFile = await realpath(options.secretFile);
  const role = await roleOf(secretKey, now);
  const { fingerprint } = await describeKey(secretKey, now);
  requireMeant(fingerprint, options.meant);
  const known = await knownKey(secretKey, [publicOut], now);
  requireChangeable(known, { role, change }, now);
  await requireCurrentSecret(known, secretKey, now);
  for (const path of [secretFile, publicOut]) await requireWritable(path);
  const date = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const rotation: SecretRotation = {
    fingerprint,
    role,
    change,
    publicFiles: [publicOut],
    secretFile,
    passphrase,
    ends: endOf(known, { duration, change, standard: standard[role], now }),
    keptAs: options.old === 'keep' ? `${secretFile}.old-${date}` : undefined,
    now,
  };
  const tried = await renew(rotation, secretKey);
  const [merged] = await mergedFiles(tried.publicKey, rotation);
  return {
    fingerprint,
    role,
    secretFile,
    oldKeyIds: known.encryptionKeys.map(({ keyId }) => keyId),
    ends: merged?.judged.ends ?? null,
    rotate: async () => {
      const made = await prepare(rotation);
      await prove(rotation, made);
      await publish(rotation, made);
      const { encryptionKeyId } = await verify(rotation);
      return encryptionKeyId;
    },
  };
}
