import { PosternError } from '../../base/error.ts';
import type { ObjectStore } from '../../cloud/object-store.ts';
import { verifyDetached } from '../../crypto/openpgp-signature.ts';
import type { SetStore } from '../context.ts';
import { DamagedFile, isIntegrityError } from '../damaged-file.ts';
import { listFiles } from '../list.ts';
import { readObject, readVersion, versionsOf } from '../signed-object.ts';
import { isRewrapName, rewrapFolder } from './rewrap-name.ts';

/** A rewrap whose signature holds, or why it counts for nothing. */
export type FoundRewrap =
  | { readonly name: string; readonly bytes: Uint8Array }
  | { readonly name: string; readonly problem: PosternError };

/**
 * The rewraps of a set, newest first, each still encrypted. Whoever may write to the store can lay junk beside them, so
 * a bad one stops nobody from looking at the next.
 * @throws {PosternError} exit 1 as the store
 */
export async function* trustedRewraps(sets: SetStore, setId: string): AsyncGenerator<FoundRewrap> {
  const folder = sets.prefix + rewrapFolder(setId);
  const names: string[] = [];
  // One that somebody has hidden under a delete marker is still there.
  for await (const { key } of listFiles(sets.store, folder)) {
    const name = key.slice(folder.length);
    if (isRewrapName(name)) names.push(name);
  }
  for (const name of names.toSorted().toReversed()) {
    const path = rewrapFolder(setId) + name;
    try {
      yield { name: path, bytes: await readTrusted(sets, path) };
    } catch (error) {
      if (!isIntegrityError(error)) throw error;
      yield { name: path, problem: new DamagedFile(path, error) };
    }
  }
}

async function readTrusted({ store, prefix, trustedSigners }: SetStore, name: string): Promise<Uint8Array> {
  const key = prefix + name;
  const check = async (bytes: Uint8Array, signature: Uint8Array): Promise<Uint8Array> => {
    await verifyDetached(bytes, Buffer.from(signature).toString(), trustedSigners);
    return bytes;
  };
  try {
    const bytes = await readObject(store, { name, key });
    return await check(bytes, await readObject(store, { name: `${name}.asc`, key: `${key}.asc` }));
  } catch (error) {
    if (!isIntegrityError(error)) throw error;
    // Somebody may have written over one of the two.
    const signatures = await versionBodies(store, `${key}.asc`);
    for (const bytes of await versionBodies(store, key)) {
      for (const signature of signatures) {
        const trusted = await check(bytes, signature).catch(passPosternErrors);
        if (trusted !== undefined) return trusted;
      }
    }
    throw error;
  }
}

async function versionBodies(store: ObjectStore, key: string): Promise<readonly Uint8Array[]> {
  const bodies = [];
  for (const { versionId } of await versionsOf(store, key)) {
    const body = await readVersion(store, { name: key, key, versionId });
    if (body !== undefined) bodies.push(body);
  }
  return bodies;
}

function passPosternErrors(error: unknown): undefined {
  if (!(error instanceof PosternError)) throw error;
  return undefined;
}
