import { z } from 'zod';
import { refused, usageError } from '../../base/error.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { describeKey } from '../../crypto/openpgp-key-description.ts';
import { publicHalf } from '../../crypto/openpgp-merge.ts';
import { proveEncryption, proveStillOpens } from '../../crypto/openpgp-probe.ts';
import { renewKey } from '../../crypto/openpgp-renew.ts';
import { readSecretKey } from '../../crypto/openpgp-secret-key.ts';
import { signDetached, verifyDetached } from '../../crypto/openpgp-signature.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import type { RotateInputs } from './inputs.ts';
import { type Judged, judge, mergeJudged, requireSame } from './judge.ts';
import {
  readIfThere,
  readKeyFile,
  replaceSecretKey,
  waitingFile,
  writePublicKey,
  writeWaiting,
} from './key-file.ts';

/** A rotation where the secret key is. */
export interface SecretRotation extends Pick<RotateInputs, 'fingerprint' | 'role' | 'publicFiles'> {
  readonly change: 'subkey' | 'extend';
  readonly secretFile: string;
  readonly passphrase: string | undefined;
  readonly ends: Date | undefined;
  /** Where the old file stays; undefined: nowhere. */
  readonly keptAs: string | undefined;
  readonly now: Date;
}

/** What `prepare` made, as the journal keeps it. */
export const prepared = z.strictObject({
  /** SHA-256 of the file of the secret key that is to be replaced. */
  replacesSha256: z.string(),
  /** SHA-256 of the new key's public half, which names the key that waits. */
  publicSha256: z.string(),
  /** Encryption keys that were not there before. */
  newKeyIds: z.array(z.string()),
});

export type Prepared = z.infer<typeof prepared>;

/**
 * Makes the new secret key beside the old one. Nothing of it is known to anybody, so making it again is harmless.
 * @throws {PosternError} as `renewKey` and `writeWaiting`; exit 2, `key-waiting` for a file in its way
 */
export async function prepare(rotation: SecretRotation): Promise<Prepared> {
  const { secretFile, now } = rotation;
  await requireOurs(rotation);
  const before = await readKeyFile(secretFile);
  const { secretKey, publicKey } = await renew(rotation, before);
  await writeWaiting(secretFile, secretKey);
  const old = new Set((await describeKey(before, now)).encryptionKeys.map(({ keyId }) => keyId));
  const ids = (await describeKey(publicKey, now)).encryptionKeys.map(({ keyId }) => keyId);
  return {
    replacesSha256: sha256Hex(before),
    publicSha256: sha256Hex(publicKey),
    newKeyIds: ids.filter((keyId) => !old.has(keyId)),
  };
}

/** The new key in memory. Errors as `renewKey`. */
export function renew(
  { passphrase, change, ends, now }: Pick<SecretRotation, 'passphrase' | 'change' | 'ends' | 'now'>,
  before: Uint8Array,
): ReturnType<typeof renewKey> {
  return renewKey(before, { change, ends, now, ...(passphrase === undefined ? {} : { passphrase }) });
}

/** What waits from an earlier run is made again; what is no copy of this key is somebody else's. */
async function requireOurs({ secretFile, fingerprint, now }: SecretRotation): Promise<void> {
  const path = waitingFile(secretFile);
  const waiting = await readIfThere(path);
  if (waiting === undefined) return;
  const found = await describeKey(waiting, now).catch(() => undefined);
  if (found?.fingerprint === fingerprint) return;
  throw usageError(`${path} is in the way: the new secret key would wait there`, {
    code: 'key-waiting',
    hints: ['look what it is, and move it away'],
  });
}

/**
 * The new secret opens what backups will be encrypted for, and all that the old one opened; a signer's signatures are
 * believed by the keys that will be configured.
 */
export async function prove(rotation: SecretRotation, made: Prepared): Promise<JsonObject> {
  const { role, passphrase, secretFile, now } = rotation;
  const waiting = await readWaiting(secretFile, made);
  const secret = await readSecretKey(waiting, passphrase);
  const proven = new Set<string>();
  for (const { armored } of await mergedFiles(await publicHalf(waiting), rotation)) {
    if (role === 'signer') await proveSigning(waiting.toString(), rotation, armored);
    else proven.add(await proveEncryption(armored, secret, now));
  }
  const stillOpen = await proveStillOpens(await readKeyFile(secretFile), secret, now);
  return { opens: [...proven], stillOpens: [...stillOpen] };
}

async function proveSigning(
  secretKey: string,
  { passphrase, now }: SecretRotation,
  publicKey: string,
): Promise<void> {
  const probe = Buffer.from('postern');
  const signature = await signDetached(probe, {
    secretKey,
    now,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  await verifyDetached(probe, signature, [publicKey], { at: now });
}

async function readWaiting(secretFile: string, { publicSha256 }: Prepared): Promise<Buffer> {
  const waiting = await readIfThere(waitingFile(secretFile));
  if (waiting !== undefined && sha256Hex(await publicHalf(waiting)) === publicSha256) return waiting;
  throw refused(`${waitingFile(secretFile)} is no longer the new secret key that was made there`, {
    code: 'key-lost',
    hints: ['nothing was published; give this plan up with `plan cancel --abandon`, and rotate again'],
  });
}

/**
 * The secret key first: from the moment that somebody encrypts for a new subkey, its secret has to be in its place.
 * @throws {PosternError} exit 6 `key-lost`, `key-changed` (somebody changed the secret key since it was read); as
 * `mergeJudged`, before anything is replaced
 */
export async function publish(rotation: SecretRotation, made: Prepared): Promise<JsonObject> {
  const { secretFile, keptAs } = rotation;
  const current = await readKeyFile(secretFile);
  const isInPlace = sha256Hex(await publicHalf(current)) === made.publicSha256;
  const renewed = isInPlace ? current : await readWaiting(secretFile, made);
  const files = await mergedFiles(await publicHalf(renewed), rotation);
  if (!isInPlace) {
    if (sha256Hex(current) !== made.replacesSha256) throw keyChanged(secretFile);
    await replaceSecretKey(secretFile, keptAs);
  }
  await writeMerged(files);
  return { secretFile, written: files.map(({ path }) => path), keptAs: keptAs ?? null };
}

function keyChanged(secretFile: string): Error {
  return refused(`${secretFile} was changed since the new secret key was made of it`, {
    code: 'key-changed',
    hints: ['nothing was published; give this plan up with `plan cancel --abandon`, and rotate again'],
  });
}

/** What is to stand in a file. */
interface MergedFile {
  readonly path: string;
  readonly before: Uint8Array | undefined;
  readonly armored: string;
  readonly judged: Judged;
}

/** A public key as every file will hold it, with what each has besides. Errors as `mergeJudged`. */
export async function mergedFiles(
  publicKey: string,
  { publicFiles, role, now }: Pick<SecretRotation, 'publicFiles' | 'role' | 'now'>,
): Promise<readonly MergedFile[]> {
  const files: MergedFile[] = [];
  for (const path of publicFiles) {
    const before = await readIfThere(path);
    files.push({ path, before, ...(await mergeJudged(publicKey, { path, before }, { role, now })) });
  }
  return files;
}

/** A second run finds it there. */
export async function writeMerged(files: readonly MergedFile[]): Promise<void> {
  for (const { path, before, armored } of files)
    if (before === undefined || Buffer.from(before).toString() !== armored)
      await writePublicKey(path, armored);
}

/** Reads the files back as backups do, and proves them once more. */
export async function verify(rotation: SecretRotation): Promise<Judged> {
  const { secretFile, passphrase, role, publicFiles, now } = rotation;
  const secretKey = await readKeyFile(secretFile);
  const secret = await readSecretKey(secretKey, passphrase);
  for (const path of publicFiles) {
    const text = (await readKeyFile(path)).toString();
    if (role === 'signer') await proveSigning(secretKey.toString(), rotation, text);
    else await proveEncryption(text, secret, now);
  }
  return verifyPublic(await publicHalf(secretKey), rotation);
}

/** What new sets will be made for, by what the files say. @throws {PosternError} exit 5, `key-not-published` */
export async function verifyPublic(
  publicKey: string,
  { publicFiles, role, now }: Pick<SecretRotation, 'publicFiles' | 'role' | 'now'>,
): Promise<Judged> {
  const wanted = await judge(publicKey, role, now);
  for (const path of publicFiles) {
    requireSame(path, await judge((await readKeyFile(path)).toString(), role, now), wanted);
  }
  return wanted;
}
