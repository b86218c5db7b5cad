import { integrityError, PosternError } from '../base/error.ts';
import type { ListedVersion, ObjectStore } from '../cloud/object-store.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import { isIntegrityError } from './damaged-file.ts';

// Whoever holds the writing credentials can lay newer versions over an object, though not touch the old one. A reader
// therefore looks for the bytes that were signed, wherever among the versions they are.

/** An object of a set, as the signature describes it. */
export interface SignedObject {
  /** For messages: its name in the set. */
  readonly name: string;
  readonly key: string;
  readonly sha256: string;
  /** Bytes; undefined for the few objects whose size nobody signed. */
  readonly size?: number | undefined;
}

export interface FoundObject {
  readonly bytes: Uint8Array;
  /** `older`: something else was laid over it, or it was hidden; the bytes are those that were signed all the same. */
  readonly version: 'newest' | 'older';
}

/** What nobody signed the size of is small: lists, stubs, signatures. */
const largestUnsigned = 64 * 2 ** 20;
/** The signed version is the first, or near it: later ones are somebody else's, and may be many. */
const oldestVersions = 16;

/**
 * Reads the bytes that were signed.
 * @throws {PosternError} exit 5 when no version has them: `file-missing`, `file-changed`, or what a store says that
 * keeps checksums of its own; exit 1 as the store's `open`
 */
export async function readSignedObject(store: ObjectStore, signed: SignedObject): Promise<FoundObject> {
  try {
    const bytes = await readObject(store, signed);
    if (sha256Hex(bytes) !== signed.sha256) throw fileChanged(signed.name);
    return { bytes, version: 'newest' };
  } catch (error) {
    if (!isIntegrityError(error)) throw error;
    const bytes = await readOlder(store, signed);
    if (bytes === undefined) throw error;
    return { bytes, version: 'older' };
  }
}

async function readOlder(store: ObjectStore, signed: SignedObject): Promise<Uint8Array | undefined> {
  for (const { versionId } of await olderVersions(store, signed.key, signed.size)) {
    const bytes = await readVersion(store, { ...signed, versionId });
    if (bytes !== undefined && sha256Hex(bytes) === signed.sha256) return bytes;
  }
  return undefined;
}

/** A version's bytes, or undefined when it is gone or damaged. Errors as `readObject`, but for those. */
export async function readVersion(
  store: ObjectStore,
  version: ObjectToRead,
): Promise<Uint8Array | undefined> {
  try {
    return await readObject(store, version);
  } catch (error) {
    if (isIntegrityError(error)) return undefined;
    throw error;
  }
}

export interface ObjectToRead {
  readonly name: string;
  readonly key: string;
  readonly size?: number | undefined;
  readonly versionId?: string | undefined;
}

/**
 * Reads an object into memory unless it is larger than it may be: nobody can make a reader take in a terabyte.
 * @throws {PosternError} exit 5 `file-missing`, `file-changed`; else as the store's `open`
 */
export async function readObject(
  store: ObjectStore,
  { name, key, size, versionId }: ObjectToRead,
): Promise<Uint8Array> {
  const { object, body } = await openObject(store, name, key, versionId);
  const fits = size === undefined ? object.size <= largestUnsigned : object.size === size;
  if (!fits) {
    await giveUp(body);
    throw fileChanged(name);
  }
  const bytes = new Uint8Array(object.size);
  let length = 0;
  for await (const chunk of body) {
    if (length + chunk.byteLength > bytes.byteLength) throw fileChanged(name);
    bytes.set(chunk, length);
    length += chunk.byteLength;
  }
  return length === bytes.byteLength ? bytes : bytes.subarray(0, length);
}

/** Ends a request whose body nobody wants. */
async function giveUp(body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of body) break;
  } catch {
    // It is ended either way.
  }
}

async function openObject(
  store: ObjectStore,
  name: string,
  key: string,
  versionId: string | undefined,
): ReturnType<ObjectStore['open']> {
  try {
    return await store.open(key, versionId === undefined ? {} : { versionId });
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'object-missing') throw error;
    throw integrityError(`${name} is not there`, { code: 'file-missing', cause: error });
  }
}

/** @returns exit 5, `file-changed` */
function fileChanged(name: string): PosternError {
  return integrityError(`${name} is not what was signed`, {
    code: 'file-changed',
    hints: [
      'take this set from another copy; `postern backup verify` lists everything that is wrong with it',
    ],
  });
}

/** The versions of a key that lie under its newest one, oldest first, without delete markers. */
export async function olderVersions(
  store: ObjectStore,
  key: string,
  size?: number,
): Promise<readonly ListedVersion[]> {
  const found = await versionsOf(store, key, size);
  return found.filter(({ isLatest }) => !isLatest);
}

/**
 * The oldest versions of a key, oldest first, and the newest; without delete markers. None where these credentials
 * may not ask, or the store knows no versions.
 */
export async function versionsOf(
  store: ObjectStore,
  key: string,
  size?: number,
): Promise<readonly ListedVersion[]> {
  const oldest: ListedVersion[] = [];
  let newest: ListedVersion | undefined;
  try {
    for await (const version of store.listVersions(key)) {
      // The key itself comes before those that it is only the beginning of.
      if (version.key !== key) break;
      if (version.isDeleteMarker || (size !== undefined && version.size !== size)) continue;
      if (version.isLatest) newest = version;
      else oldest.unshift(version);
      if (oldest.length > oldestVersions) oldest.pop();
    }
  } catch (error) {
    if (!isVersionless(error)) throw error;
  }
  return newest === undefined ? oldest : [...oldest, newest];
}

/** Whether the error says that this store, or these credentials, have no listing of versions. */
export function isVersionless(error: unknown): boolean {
  return error instanceof PosternError && ['store-refused', 'store-failed'].includes(error.code ?? '');
}
