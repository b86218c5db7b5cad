import { usageError } from '../../base/error.ts';
import { describeKey, type KeyDescription } from '../../crypto/openpgp-key-description.ts';
import { mergePublicKeys } from '../../crypto/openpgp-merge.ts';
import type { RotateInputs } from './inputs.ts';
import { readIfThere, readKeyFile } from './key-file.ts';

/** Milliseconds: an end is 32 bits of seconds after the key was made (RFC 9580 §5.2.3.13). */
const longest = 2 ** 32 * 1000;

/** The configured files that hold this key. @throws {PosternError} exit 2, `key-not-configured`, `file-unreadable` */
export async function filesOf(
  fingerprint: string,
  publicFiles: readonly string[],
  now: Date,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of new Set(publicFiles)) {
    if ((await describeKey(await readKeyFile(path), now)).fingerprint === fingerprint) found.push(path);
  }
  if (found.length > 0) return found;
  throw usageError(`the configuration names no public key ${fingerprint}`, {
    code: 'key-not-configured',
    hints: [
      'it is looked for under backup.recipients and backup.trusted_signers',
      'to rotate it here and publish it elsewhere, give --public-out FILE',
    ],
  });
}

/** The key as it is known here: the secret key's public half, and what the public files have besides. */
export async function knownKey(
  key: Uint8Array,
  publicFiles: readonly string[],
  now: Date,
): Promise<KeyDescription> {
  let merged: string | undefined;
  for (const path of publicFiles) {
    const there = await readIfThere(path);
    if (there !== undefined) merged = await mergePublicKeys(merged ?? key, there);
  }
  return describeKey(merged ?? key, now);
}

/**
 * Whether a change of this kind is one for the key.
 * @throws {PosternError} exit 2, `key-revoked`, `key-expired`, `signer-without-subkey`, `recipient-unsupported`
 */
export function requireChangeable(
  { fingerprint, revoked, expires, encryption }: KeyDescription,
  { role, change }: Pick<RotateInputs, 'role'> & { readonly change: 'subkey' | 'extend' },
  now: Date,
): void {
  if (revoked) {
    throw usageError(`the key ${fingerprint} was revoked by its owner`, {
      code: 'key-revoked',
      hints: ['make a new one: postern backup keys init, backup recipients add'],
    });
  }
  if (change === 'extend') return;
  if (role === 'signer') {
    throw usageError(
      `the key ${fingerprint} signs and encrypts nothing, so it has no encryption subkey to renew`,
      {
        code: 'signer-without-subkey',
        hints: [
          'move its end with --extend-only',
          'or replace it: make another one with backup keys init, name both under backup.trusted_signers, then let it sign',
        ],
      },
    );
  }
  if (expires !== undefined && expires <= now) {
    throw usageError(`the key ${fingerprint} expired at ${expires.toISOString()}`, {
      code: 'key-expired',
      hints: ['move its end first with --extend-only'],
    });
  }
  if (!encryption.possible && encryption.code === 'recipient-unsupported')
    throw usageError(encryption.why, {
      code: 'recipient-unsupported',
      hints: [
        'a new subkey mends no weak primary key: make a new key, and name it with backup recipients add',
      ],
    });
}

/**
 * Of two copies of a secret key, only the one that opens the sets of today may be rotated: a new subkey in the other one
 * would leave each opening a part.
 * @throws {PosternError} exit 2, `secret-key-older`
 */
export async function requireCurrentSecret(
  { fingerprint, encryption }: KeyDescription,
  secretKey: Uint8Array,
  now: Date,
): Promise<void> {
  if (!encryption.possible) return;
  const { kind, encryptionKeys } = await describeKey(secretKey, now);
  const current = encryptionKeys.find(({ keyId }) => keyId === encryption.keyId);
  if (kind === 'public' || current?.hasSecret === true) return;
  throw usageError(
    `the secret of ${encryption.keyId}, for which backups are encrypted now, is not in this copy of ${fingerprint}`,
    {
      code: 'secret-key-older',
      hints: [
        'rotate the copy that has it; where that is elsewhere, with --public-out there and --import here',
      ],
    },
  );
}

/** When what is new ends; undefined: never. */
export function endOf(
  { created, expires, encryption }: KeyDescription,
  {
    duration,
    change,
    standard,
    now,
  }: {
    /** Milliseconds, where a person told it. */
    readonly duration: number | undefined;
    readonly change: 'subkey' | 'extend';
    /** Milliseconds. */
    readonly standard: number;
    readonly now: Date;
  },
): Date | undefined {
  const hasEnd = expires !== undefined || (encryption.possible && encryption.until !== undefined);
  // A key without an end gets none unless somebody wants it: a backup that stops is worse.
  if (duration === undefined && change === 'subkey' && !hasEnd && encryption.possible) return undefined;
  const end = new Date(Math.floor((now.getTime() + (duration ?? standard)) / 1000) * 1000);
  if (end.getTime() - created.getTime() < longest) return end;
  throw usageError(`a key of ${created.toISOString()} cannot end as late as ${end.toISOString()}`, {
    code: 'key-expiry-invalid',
    hints: ['give a shorter --expires'],
  });
}

/** What a person named must be the key that was found. @throws {PosternError} exit 2, `keys-differ` */
export function requireMeant(fingerprint: string, meant: string | undefined): void {
  if (meant === undefined || fingerprint.endsWith(meant)) return;
  throw usageError(`the key in the file is ${fingerprint}, not ${meant}`, {
    code: 'keys-differ',
    hints: ['a rotated key keeps its primary key, and with it its fingerprint: give the file of that key'],
  });
}
