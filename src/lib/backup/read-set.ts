import { incomplete, integrityError, type PosternError, usageError } from '../base/error.ts';
import { verifyDetached } from '../crypto/openpgp-signature.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import { checkSignature } from './check-signature.ts';
import type { SetStore } from './context.ts';
import { aboutFile, DamagedFile, isIntegrityError } from './damaged-file.ts';
import { fileName, isSetId } from './format/layout.ts';
import {
  type Manifest,
  type ManifestFile,
  manifest as manifestSchema,
  type Stub,
  stub as stubSchema,
} from './format/manifest.ts';
import { parseFormatted, parseSums } from './format/parse-set.ts';
import { decompressFrames } from './format/zstd-frames.ts';
import type { FileOpener } from './keys/file-opener.ts';
import { openKeys, type UnlockedKeys } from './keys/open-keys.ts';
import { olderLists, type SignedList } from './older-list.ts';
import { type FoundObject, olderVersions, readObject, readSignedObject } from './signed-object.ts';

/** A set whose list of files carries a signature that we believe. */
export interface SignedSet {
  readonly setId: string;
  readonly stub: Stub;
  /** File to SHA-256, as signed. */
  readonly sums: ReadonlyMap<string, string>;
  /** File to bytes, as signed; of all but the stub itself. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly signer: string;
  readonly signedAt: Date;
  /** Of the files that were read to open it, those that somebody has written over or hidden since. */
  readonly shadowed: readonly string[];
}

/**
 * Opens a set as far as that goes without a secret key: the signature over SHA256SUMS, and the clear-text stub. Where
 * somebody has written over them or hidden them, the versions underneath are tried.
 * @throws {PosternError} exit 2 `set-missing`; exit 5 when signature, list or stub are not what they must be; exit 6
 * `set-newer`
 */
export async function openSignedSet(sets: SetStore, setId: string): Promise<SignedSet> {
  requireSetId(setId);
  try {
    const list = await readFile(sets, setId, fileName.sums);
    const signature = await readFile(sets, setId, fileName.sumsSignature);
    return await openListed(sets, setId, { list, signature, shadowed: [] });
  } catch (error) {
    if (!isIntegrityError(error)) throw error;
    const set = await openOlder(sets, setId);
    if (set !== undefined) return set;
    if (isMissing(error, fileName.sums) && !(await hasManifest(sets, setId))) {
      throw usageError(`there is no complete set ${setId} at ${sets.store.location}/${sets.prefix}`, {
        code: 'set-missing',
        cause: error,
        hints: ['`postern backup list` shows the sets'],
      });
    }
    throw error;
  }
}

async function openListed(
  sets: SetStore,
  setId: string,
  { list, signature, shadowed }: SignedList,
): Promise<SignedSet> {
  const { fingerprint, created } = await aboutFile(fileName.sumsSignature, () =>
    verifyDetached(list, Buffer.from(signature).toString(), sets.trustedSigners),
  );
  const sums = await aboutFile(fileName.sums, () => parseSums(Buffer.from(list).toString()));
  const found = await readSigned(sets, { setId, sums, sizes: new Map() }, fileName.stub);
  const stub = await aboutFile(fileName.stub, () => parseFormatted(found.bytes, stubSchema, fileName.stub));
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
  return {
    setId,
    stub,
    sums,
    sizes: new Map(stub.files.map(({ name, size }) => [name, size])),
    signer: fingerprint,
    signedAt: created,
    shadowed: found.version === 'older' ? [...shadowed, fileName.stub] : shadowed,
  };
}

/** Somebody has written over the list or its signature: the versions underneath are tried. */
async function openOlder(sets: SetStore, setId: string): Promise<SignedSet | undefined> {
  for await (const older of olderLists(sets.store, `${sets.prefix}${setId}/`)) {
    try {
      return await openListed(sets, setId, older);
    } catch (error) {
      if (!isIntegrityError(error)) throw error;
    }
  }
  return undefined;
}

export interface OpenedManifest {
  readonly manifest: Manifest;
  readonly sha256: string;
  /** Opens the set's other files, and its keyrings. */
  readonly opener: FileOpener;
  /** Of the manifest and its signature, those that somebody has written over or hidden since. */
  readonly shadowed: readonly string[];
}

/**
 * The manifest of a signed set, decrypted and compared with what is signed.
 * @throws {PosternError} exit 5; exit 1 `not-for-these-keys`; exit 2 with the codes of `readSecretKey`; exit 6 `set-newer`
 */
export async function readManifest(
  sets: SetStore,
  set: SignedSet,
  keys: UnlockedKeys,
): Promise<OpenedManifest> {
  return openManifest(sets, set, await readSealedManifest(sets, set), keys);
}

/** Opens a manifest that was read, its hash and signature compared. Errors as `readManifest`. */
export async function openManifest(
  sets: SetStore,
  set: SignedSet,
  { bytes: sealed, shadowed }: SealedManifest,
  keys: UnlockedKeys,
): Promise<OpenedManifest> {
  const opener = await openerOf(sets, set, sealed, keys);
  const manifest = await aboutFile(fileName.manifest, async () =>
    parseFormatted(unpack(await opener.open(fileName.manifest, sealed)), manifestSchema, 'the manifest'),
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
  return { manifest, sha256: sha256Hex(sealed), opener, shadowed };
}

/** What opens the files of a signed set, without a look into its manifest. Errors as `readManifest`. */
export async function openFiles(sets: SetStore, set: SignedSet, keys: UnlockedKeys): Promise<FileOpener> {
  return openerOf(sets, set, (await readSealedManifest(sets, set)).bytes, keys);
}

function openerOf(
  sets: SetStore,
  set: SignedSet,
  sealedManifest: Uint8Array,
  keys: UnlockedKeys,
): Promise<FileOpener> {
  const { setId, stub } = set;
  return aboutFile(fileName.manifest, () =>
    openKeys(
      sets,
      {
        setId,
        stub,
        sealedManifest,
        manifestSha256: sha256Hex(sealedManifest),
        readSigned: (name) => readSignedFile(sets, set, name),
      },
      keys,
    ),
  );
}

export interface SealedManifest {
  readonly bytes: Uint8Array;
  /** Of the manifest and its signature, those that somebody has written over or hidden since. */
  readonly shadowed: readonly string[];
}

/** The manifest as it is stored, with its own signature checked, which needs no secret key. @throws {PosternError} exit 5 */
export async function readSealedManifest(sets: SetStore, set: SignedSet): Promise<SealedManifest> {
  const { bytes, version } = await readSigned(sets, set, fileName.manifest);
  const signature = await checkSignature(sets, bytes, {
    name: fileName.manifestSignature,
    key: keyOf(sets, set.setId, fileName.manifestSignature),
  });
  return {
    bytes,
    shadowed: [
      ...(version === 'older' ? [fileName.manifest] : []),
      ...(signature === 'older' ? [fileName.manifestSignature] : []),
    ],
  };
}

/** The newest version of a file that no list names. @throws {PosternError} exit 5, `file-missing` and as the store */
function readFile(sets: SetStore, setId: string, name: string): Promise<Uint8Array> {
  return aboutFile(name, () => readObject(sets.store, { name, key: keyOf(sets, setId, name) }));
}

function keyOf({ prefix }: SetStore, setId: string, name: string): string {
  return `${prefix}${setId}/${name}`;
}

function isMissing(error: PosternError, file: string): boolean {
  return error.code === 'file-missing' && error instanceof DamagedFile && error.file === file;
}

async function hasManifest(sets: SetStore, setId: string): Promise<boolean> {
  const key = keyOf(sets, setId, fileName.manifest);
  if ((await sets.store.head(key)) !== undefined) return true;
  return (await olderVersions(sets.store, key)).length > 0;
}

/** Reads a file of a set and compares it with what is signed before anybody uses it. @throws {PosternError} exit 5 */
export async function readSignedFile(sets: SetStore, set: SignedSet, name: string): Promise<Uint8Array> {
  return (await readSigned(sets, set, name)).bytes;
}

/** As `readSignedFile`, and tells whether somebody has written over the file since. */
function readSigned(
  sets: SetStore,
  { setId, sums, sizes }: Pick<SignedSet, 'setId' | 'sums' | 'sizes'>,
  name: string,
): Promise<FoundObject> {
  // What is not listed has no hash that any bytes could have.
  const signed = { name, key: keyOf(sets, setId, name), sha256: sums.get(name) ?? '', size: sizes.get(name) };
  return aboutFile(name, () => readSignedObject(sets.store, signed));
}

/**
 * Reads a part of a keyring, which lies beside the set and is vouched for by its manifest.
 * @throws {PosternError} exit 5
 */
export async function readKeyringFile(
  { store, prefix }: SetStore,
  { name, sha256, size }: Pick<ManifestFile, 'name' | 'sha256' | 'size'>,
): Promise<Uint8Array> {
  const signed = { name, key: prefix + name, sha256, size };
  return (await aboutFile(name, () => readSignedObject(store, signed))).bytes;
}

export { unlock } from './keys/open-keys.ts';

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
