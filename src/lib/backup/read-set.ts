import { incomplete, integrityError, PosternError, refused, usageError } from '../base/error.ts';
import { parseCanonicalJson } from '../crypto/canonical-json.ts';
import { openMessage } from '../crypto/openpgp-container.ts';
import { readSecretKey, type SecretKey } from '../crypto/openpgp-secret-key.ts';
import { verifyDetached } from '../crypto/openpgp-signature.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import type { SecretKeys, SetStore } from './context.ts';
import { aboutFile, DamagedFile } from './damaged-file.ts';
import { fileName, isSetId, setFormat, setFormatVersion } from './format/layout.ts';
import {
  type Manifest,
  type ManifestFile,
  manifest as manifestSchema,
  type Stub,
  stub as stubSchema,
} from './format/manifest.ts';
import { decompressFrames } from './format/zstd-frames.ts';

/** A set whose list of files carries a signature that we believe. */
export interface SignedSet {
  readonly setId: string;
  readonly stub: Stub;
  /** File to SHA-256, as signed. */
  readonly sums: ReadonlyMap<string, string>;
  readonly signer: string;
  readonly signedAt: Date;
}

/**
 * Opens a set as far as that goes without a secret key: the signature over SHA256SUMS, and the clear-text stub.
 * @throws {PosternError} exit 2 `set-missing`; exit 5 when signature, list or stub are not what they must be
 */
export async function openSignedSet(sets: SetStore, setId: string): Promise<SignedSet> {
  requireSetId(setId);
  const sumsBytes = await readFile(sets, setId, fileName.sums);
  const signature = await readFile(sets, setId, fileName.sumsSignature);
  const { fingerprint, created } = await aboutFile(fileName.sumsSignature, () =>
    verifyDetached(sumsBytes, Buffer.from(signature).toString(), sets.trustedSigners),
  );
  const sums = await aboutFile(fileName.sums, () => parseSums(Buffer.from(sumsBytes).toString()));
  const stubBytes = await readFile(sets, setId, fileName.stub);
  requireSum(sums, fileName.stub, stubBytes);
  const stub = await aboutFile(fileName.stub, () => parseFormatted(stubBytes, stubSchema, fileName.stub));
  if (stub.setId !== setId || stub.profile !== sets.profile) {
    const misplaced = integrityError(
      `the folder of ${setId} holds the set ${stub.setId} of ${stub.profile}`,
      {
        code: 'set-misplaced',
        hints: ['somebody has copied one set over another: do not restore from this folder'],
      },
    );
    throw new DamagedFile(fileName.stub, misplaced);
  }
  return { setId, stub, sums, signer: fingerprint, signedAt: created };
}

/**
 * The manifest of a signed set, decrypted and compared with what is signed.
 * @throws {PosternError} exit 5; exit 1 `not-for-these-keys`; exit 2 with the codes of `readSecretKey`
 */
export async function readManifest(
  sets: SetStore,
  set: SignedSet,
  keys: readonly SecretKey[],
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  const sealed = await readFile(sets, set.setId, fileName.manifest);
  requireSum(set.sums, fileName.manifest, sealed);
  const signature = await readFile(sets, set.setId, fileName.manifestSignature);
  await aboutFile(fileName.manifestSignature, () =>
    verifyDetached(sealed, Buffer.from(signature).toString(), sets.trustedSigners),
  );
  const manifest = await aboutFile(fileName.manifest, async () =>
    parseFormatted(unpack(await openMessage(sealed, keys)), manifestSchema, 'the manifest'),
  );
  if (manifest.setId !== set.setId) {
    throw integrityError(`the manifest of ${set.setId} is that of ${manifest.setId}`, {
      code: 'set-misplaced',
    });
  }
  for (const { name, sha256 } of manifest.files) {
    if (set.sums.get(name) === sha256) continue;
    throw integrityError(`the manifest and SHA256SUMS disagree about ${name}`, { code: 'set-inconsistent' });
  }
  return { manifest, sha256: sha256Hex(sealed) };
}

/**
 * Reads a file of a set.
 * @throws {PosternError} exit 2 `set-missing` when there is neither a list of sums nor a manifest; exit 5 `file-missing`,
 * and what a store says that keeps checksums of its own
 */
export async function readFile(sets: SetStore, setId: string, name: string): Promise<Uint8Array> {
  return aboutFile(name, async () => {
    try {
      return await sets.store.get(`${sets.prefix}${setId}/${name}`);
    } catch (error) {
      if (!(error instanceof PosternError) || error.code !== 'object-missing') throw error;
      if (name === fileName.sums && !(await hasManifest(sets, setId))) {
        throw usageError(`there is no complete set ${setId} at ${sets.store.location}/${sets.prefix}`, {
          code: 'set-missing',
          cause: error,
          hints: ['`postern backup list` shows the sets'],
        });
      }
      throw integrityError(`the set ${setId} lacks ${name}`, { code: 'file-missing', cause: error });
    }
  });
}

async function hasManifest(sets: SetStore, setId: string): Promise<boolean> {
  return (await sets.store.head(`${sets.prefix}${setId}/${fileName.manifest}`)) !== undefined;
}

/** Reads a file of a set and compares it with what is signed before anybody uses it. @throws {PosternError} exit 5 */
export async function readSignedFile(sets: SetStore, set: SignedSet, name: string): Promise<Uint8Array> {
  const bytes = await readFile(sets, set.setId, name);
  requireSum(set.sums, name, bytes);
  return bytes;
}

/**
 * Reads a part of a keyring, which lies beside the set and is vouched for by its manifest.
 * @throws {PosternError} exit 5
 */
export async function readKeyringFile(
  { store, prefix }: SetStore,
  { name, sha256 }: Pick<ManifestFile, 'name' | 'sha256'>,
): Promise<Uint8Array> {
  const bytes = await aboutFile(name, () => store.get(prefix + name));
  requireSum(new Map([[name, sha256]]), name, bytes);
  return bytes;
}

/** @throws {PosternError} exit 5, `file-changed` */
function requireSum(sums: ReadonlyMap<string, string>, name: string, bytes: Uint8Array): void {
  if (sums.get(name) === sha256Hex(bytes)) return;
  const changed = integrityError(`${name} is not what was signed`, {
    code: 'file-changed',
    hints: [
      'take this set from another copy; `postern backup verify` lists everything that is wrong with it',
    ],
  });
  throw new DamagedFile(name, changed);
}

/** Unlocks the secret keys. @throws {PosternError} exit 2 with the codes of `readSecretKey` */
export function unlock({ armored, passphrase }: SecretKeys): Promise<readonly SecretKey[]> {
  return Promise.all(armored.map((key) => readSecretKey(key, passphrase)));
}

/** What a file unpacks to, whole; for the small ones. @throws {PosternError} exit 5, `frames-corrupt` */
export function unpack(frames: Uint8Array): Buffer {
  return Buffer.concat([...decompressFrames(frames)]);
}

/**
 * The set that is asked for, or the newest complete one.
 * @throws {PosternError} exit 2 `set-missing`; exit 4 when there is none at all
 */
export async function chooseSet(
  sets: SetStore,
  asked: string | undefined,
  all: readonly { readonly setId: string; readonly isComplete: boolean }[],
): Promise<string> {
  if (asked !== undefined) {
    requireSetId(asked);
    return asked;
  }
  const newest = all.filter(({ isComplete }) => isComplete).at(-1);
  if (newest !== undefined) return newest.setId;
  throw incomplete(`there is no complete set at ${sets.store.location}/${sets.prefix}`, {
    code: 'set-missing',
    hints: ['`postern backup run` makes one'],
  });
}

function requireSetId(setId: string): void {
  if (isSetId(setId)) return;
  throw usageError(`${JSON.stringify(setId)} is not the name of a set`, {
    code: 'set-missing',
    hints: ['`postern backup list` shows the sets'],
  });
}

/** Lines of `sha256sum`: 64 hex digits, two spaces, a name. */
function parseSums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const match = /^([0-9a-f]{64}) {2}([\w.-]+(?:\/[\w.-]+)*)$/.exec(line);
    const [, sha256, name] = match ?? [];
    if (sha256 === undefined || name === undefined || sums.has(name)) {
      throw integrityError('SHA256SUMS has a line that no set has', { code: 'set-inconsistent' });
    }
    sums.set(name, sha256);
  }
  return sums;
}

interface Formatted {
  readonly format: string;
  readonly version: number;
}

function parseFormatted<T extends Formatted>(
  bytes: Uint8Array,
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: unknown } },
  what: string,
): T {
  const value = parseCanonicalJson(Buffer.from(bytes).toString()) as Partial<Formatted> | null;
  if (value?.format === setFormat && typeof value.version === 'number' && value.version > setFormatVersion) {
    throw refused(`${what} has format ${value.version}, and this postern knows ${setFormatVersion}`, {
      code: 'set-newer',
      hints: [
        'use the postern that made the set, or a newer one; restore.sh inside the set works without any',
      ],
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw integrityError(`${what} does not have the form that it must have`, {
    code: 'set-inconsistent',
    cause: parsed.error,
  });
}
