import { openSignedSet } from '../backup/read-set.ts';
import { messageOf, PosternError } from '../base/error.ts';
import { inParallel } from '../base/in-parallel.ts';
import type { DestroyContext, KmsKeyOfSet, NamedKey, SetCopy } from '../key/destroy/index.ts';
import { setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';
import { keyContext } from './key-context.ts';
import { namedKmsKeys } from './named-kms-keys.ts';

/** All that the proof needs that nobody needs a key; nothing is opened yet. */
export async function destroyContext(context: PosternContext): Promise<DestroyContext> {
  return {
    ...(await keyContext(context)),
    namedKeys: async () => [...namedKmsKeys(context), ...(await sealingKeys(context))],
    otherDatabases: otherDatabases(context),
    kmsKeysOfSets: (copies) => kmsKeysOfSets(context, copies),
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

/** Which key opens each set, from the part of it that anybody may read and that its signer has signed. */
async function kmsKeysOfSets(
  context: PosternContext,
  copies: readonly SetCopy[],
): Promise<readonly KmsKeyOfSet[]> {
  const answers: KmsKeyOfSet[] = [];
  for (const [destination, own] of Map.groupBy(copies, (copy) => copy.destination)) {
    await inParallel(own, 8, async ({ setId }) => {
      context.signal.throwIfAborted();
      try {
        const { stub } = await openSignedSet(await setStore(context, destination), setId);
        answers.push({ setId, destination, keyId: stub.kms?.keyId ?? null, problem: null });
      } catch (error) {
        if (!(error instanceof PosternError)) throw error;
        answers.push({ setId, destination, keyId: null, problem: messageOf(error) });
      }
    });
  }
  return answers;
}
