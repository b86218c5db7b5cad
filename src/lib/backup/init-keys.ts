import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { usageError } from '../base/error.ts';
import { generateKeyPair } from '../crypto/openpgp-key.ts';
import type { BackupKeysInitResult } from './results.ts';

export interface InitKeysOptions {
  readonly directory: string;
  /** Who the keys belong to, for people who look at them: `Example Mail`. */
  readonly name: string;
  readonly email: string;
  /**
   * Seals the secret halves of the recipients; undefined only when the person said so. The signer is never sealed with
   * it: it lives on the host that writes the backups, and that host must not learn what opens them.
   */
  readonly passphrase: string | undefined;
  readonly now: Date;
}

const roles = [
  {
    role: 'operations',
    purpose: 'encrypt',
    belongs:
      'with the people who restore and drill: a password manager or a vault, never on the host that writes the backups',
  },
  {
    role: 'offline',
    purpose: 'encrypt',
    belongs:
      'on paper or a medium in a safe, in another building: it opens the backups when everything else is gone',
  },
  {
    role: 'signer',
    purpose: 'sign',
    belongs:
      'on the host that writes the backups, readable by its user alone: it signs, cannot open anything, and is not sealed',
  },
] as const;

/**
 * Makes two recipients and a signer. Public halves go to the configuration; where each secret half belongs is told.
 * @throws {PosternError} exit 2 when one of the files exists: a key is never written over
 */
export async function initBackupKeys(options: InitKeysOptions): Promise<BackupKeysInitResult> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const paths = roles.map(({ role }) => ({
    publicFile: join(options.directory, `backup-${role}.pub.asc`),
    secretFile: join(options.directory, `backup-${role}.sec.asc`),
  }));
  for (const path of paths.flatMap(({ publicFile, secretFile }) => [publicFile, secretFile]))
    await requireAbsent(path);
  const keys = [];
  for (const [index, { role, purpose, belongs }] of roles.entries()) {
    const pair = await generateKeyPair({
      name: `${options.name} backup ${role}`,
      email: options.email,
      purpose,
      now: options.now,
      ...(options.passphrase === undefined || purpose === 'sign' ? {} : { passphrase: options.passphrase }),
    });
    const { publicFile = '', secretFile = '' } = paths[index] ?? {};
    await writeFileAtomic(secretFile, pair.secretKey, { mode: 0o600, when: 'create' });
    await writeFileAtomic(publicFile, pair.publicKey, { mode: 0o644, when: 'create' });
    await chmod(publicFile, 0o644);
    keys.push({ role, fingerprint: pair.fingerprint, publicFile, secretFile, belongs });
  }
  return { directory: options.directory, sealed: options.passphrase !== undefined, keys };
}

async function requireAbsent(path: string): Promise<void> {
  const found = await stat(path).then(
    () => true,
    () => false,
  );
  if (!found) return;
  throw usageError(`${path} exists already, and a key is never written over`, {
    code: 'key-exists',
    hints: ['name another --directory, or move the old keys away; sets made for them still need them'],
  });
}
