import type { ListedVersion, ObjectStore } from '../cloud/object-store.ts';
import { fileName } from './format/layout.ts';
import { readVersion, versionsOf } from './signed-object.ts';

/** A list of sums and what may be its signature, as they were read. */
export interface SignedList {
  readonly list: Uint8Array;
  readonly signature: Uint8Array;
  /** Which of the two somebody has written over or hidden since. */
  readonly shadowed: readonly string[];
}

/**
 * Every list of a set's folder with every signature, the oldest first, but for the newest two: what a reader tries
 * when those do not fit each other. Which of them are to be believed is the reader's to find out.
 */
export async function* olderLists(store: ObjectStore, folder: string): AsyncIterable<SignedList> {
  const lists = await versionsOf(store, folder + fileName.sums);
  const signatures = await versionsOf(store, folder + fileName.sumsSignature);
  const bodies = new Map<ListedVersion, Promise<Uint8Array | undefined>>();
  const read = (version: ListedVersion, name: string): Promise<Uint8Array | undefined> => {
    const { key, versionId } = version;
    const body = bodies.get(version) ?? readVersion(store, { name, key, versionId });
    bodies.set(version, body);
    return body;
  };
  for (const signatureVersion of signatures) {
    for (const listVersion of lists) {
      if (signatureVersion.isLatest && listVersion.isLatest) continue;
      const list = await read(listVersion, fileName.sums);
      const signature = await read(signatureVersion, fileName.sumsSignature);
      if (list === undefined || signature === undefined) continue;
      yield {
        list,
        signature,
        shadowed: [
          ...(listVersion.isLatest ? [] : [fileName.sums]),
          ...(signatureVersion.isLatest ? [] : [fileName.sumsSignature]),
        ],
      };
    }
  }
}
