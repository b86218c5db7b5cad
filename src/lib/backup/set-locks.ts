import type { ObjectStore } from '../cloud/object-store.ts';
import { fileName } from './format/layout.ts';

/** Until when a store refuses to delete what a set is made of; undefined: it does not refuse. */
export interface SetLocks {
  /** The end of the earliest lock: from then on, the set can be lost. */
  readonly data: Date | undefined;
  /** Of mail objects, and of what vouches for them, where younger sets refer to them and they stay longer. */
  readonly objects: Date | undefined;
}

/**
 * Asks the store for the locks of a set: of its manifest, and of one file of a database, since the manifest is kept as
 * long as mail objects are.
 * @returns undefined where there is no manifest
 */
export async function setLocks(
  store: ObjectStore,
  prefix: string,
  setId: string,
): Promise<SetLocks | undefined> {
  const folder = `${prefix}${setId}/`;
  const manifest = await store.head(folder + fileName.manifest);
  if (manifest === undefined) return undefined;
  const until = manifest.retention?.until;
  if (until === undefined) return { data: undefined, objects: undefined };
  const data = await databaseFile(store, folder);
  if (data === undefined) return { data: until, objects: undefined };
  const found = (await store.head(data))?.retention?.until;
  const isLonger = found !== undefined && until > found;
  return { data: isLonger || found === undefined ? found : until, objects: isLonger ? until : undefined };
}

const objectsFile = /^objects\/(\d+\.tar|index-)/;

async function databaseFile(store: ObjectStore, folder: string): Promise<string | undefined> {
  for await (const { key } of store.list(folder)) {
    const name = key.slice(folder.length);
    if (name.includes('/') && !objectsFile.test(name)) return key;
  }
  return undefined;
}
