import type { SetStore } from '../backup/context.ts';
import { fileName } from '../backup/format/layout.ts';
import { listSets } from '../backup/list.ts';
import { openSignedSet } from '../backup/read-set.ts';
import { messageOf, PosternError } from '../base/error.ts';
import { inParallel } from '../base/in-parallel.ts';
import type { DestroyContext, NamedKey, StoredSet, StoredSets } from '../key/destroy/index.ts';
import type { PosternContext } from './context.ts';
import { keyContext } from './key-context.ts';
import { namedKmsKeys } from './named-kms-keys.ts';
import { setStores } from './set-stores.ts';

/** All that the proof needs that nobody needs a key; nothing is opened yet. */
export async function destroyContext(context: PosternContext): Promise<DestroyContext> {
  return {
    ...(await keyContext(context)),
    namedKeys: async () => [
      ...namedKmsKeys(context),
      ...(await sealingKeys(context)),
      ...(await bucketKeys(context)),
    ],
    otherDatabases: otherDatabases(context),
    storedSets: () => storedSets(context),
  };
}

/** The keys that passwords on disk are sealed by: that of an older configuration, until the password is rotated. */
async function sealingKeys(context: PosternContext): Promise<readonly NamedKey[]> {
  const { sealedBy } = await import('../key/password/secret-file.ts');
  const passwords = Object.entries(context.config.profile.keys?.passwords ?? {});
  const found: NamedKey[] = [];
  for (const [name, { kms_file: file, pending }] of passwords) {
    if (file === undefined) continue;
    for (const path of [file.path, pending ?? `${file.path}.next`]) {
      const keyId = await sealedBy(context.path('keys', path));
      if (keyId !== undefined) found.push({ keyId, usedFor: `seals ${path}, the password ${name}` });
    }
  }
  return found;
}

/** The keys by which buckets encrypt new objects. Older ones may lie under a key that the bucket had before. */
async function bucketKeys(context: PosternContext): Promise<readonly NamedKey[]> {
  const found: NamedKey[] = [];
  for (const [name, settings] of Object.entries(context.config.profile.stores ?? {})) {
    if (settings.adapter !== 's3') continue;
    const { encryptionAtRest, encryptionKeyId } = await (await context.store(name)).capabilities();
    const usedFor = `encrypts new objects of store ${name}`;
    if (encryptionKeyId !== undefined) found.push({ keyId: encryptionKeyId, usedFor });
    // Of other providers, none uses a key of AWS.
    else if (encryptionAtRest === 'unknown' && settings.endpoint === undefined)
      found.push({ keyId: null, usedFor });
  }
  return found;
}

function otherDatabases(context: PosternContext): DestroyContext['otherDatabases'] {
  const databases = context.config.profile.platform?.databases ?? {};
  return Object.entries(databases).map(([name, { url, map }]) => ({
    name,
    open: async () => {
      const { openPlatform } = await import('../platform/connection.ts');
      return openPlatform(await context.secret('platform', url), { purpose: 'key', statementTimeout: 0 });
    },
    map:
      map === undefined
        ? undefined
        : async () => {
            const { loadDataMap } = await import('../platform/map/index.ts');
            return (await loadDataMap(context.path('platform', map))).map;
          },
  }));
}

async function storedSets(context: PosternContext): Promise<readonly StoredSets[]> {
  if (context.config.profile.backup === undefined) return [];
  const { stores, unopened } = await setStores(context);
  const found = unopened.map(({ destination, error }) => unlisted(destination, error));
  for (const store of stores) found.push(await listed(context, store));
  return found;
}

const unlisted = (destination: string, error: PosternError): StoredSets => ({
  destination,
  sets: [],
  problem: messageOf(error),
});

async function listed(context: PosternContext, store: SetStore): Promise<StoredSets> {
  const { destination } = store;
  try {
    const complete = (await listSets(store)).filter(({ isComplete }) => isComplete);
    const sets: StoredSet[] = [];
    await inParallel(complete, 8, async ({ setId, startedAt }) => {
      context.signal.throwIfAborted();
      sets.push({ setId, startedAt, ...(await openingKeys(store, setId)) });
    });
    return { destination, sets, problem: null };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return unlisted(destination, error);
  }
}

/**
 * Which keys open a set: its own, as the part of it says that anybody may read and that its signer has signed, and the
 * one by which the store keeps its manifest.
 */
async function openingKeys(sets: SetStore, setId: string): Promise<Pick<StoredSet, 'keyIds' | 'problem'>> {
  try {
    const { stub } = await openSignedSet(sets, setId);
    const manifest = await sets.store.head(`${sets.prefix}${setId}/${fileName.manifest}`);
    if (manifest === undefined) return { keyIds: [], problem: 'its manifest lies under a delete marker' };
    const keyIds = [stub.kms?.keyId, manifest.kmsKeyId].filter((keyId) => keyId !== undefined);
    return { keyIds, problem: null };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return { keyIds: [], problem: messageOf(error) };
  }
}
