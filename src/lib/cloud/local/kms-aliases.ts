import type { KmsAliases } from '../kms-aliases.ts';
import { checkAliasName, kmsAliasExists, kmsAliasMissing, kmsKeyUnusable } from '../kms-error.ts';
import { type AliasEntry, aliasesOf, findKey, type KeyEntry, type KeyRing } from './key-ring.ts';
import type { KeyRingAccess } from './key-ring-access.ts';

/** The aliases of the keys of a file. */
export function localKmsAliases({ location, now, read, update }: KeyRingAccess): KmsAliases {
  function target(ring: KeyRing, keyId: string): KeyEntry {
    const key = findKey(ring, location, keyId, now());
    if (key.state === 'pending-deletion') throw kmsKeyUnusable(location, keyId, 'it is pending deletion');
    return key;
  }

  function existing(ring: KeyRing, name: string): AliasEntry {
    const found = aliasesOf(ring).find((alias) => alias.name === name);
    if (found === undefined) throw kmsAliasMissing(location, name);
    return found;
  }

  const change = (name: string, make: (ring: KeyRing) => readonly AliasEntry[]): Promise<void> =>
    update((ring) => {
      checkAliasName(name);
      return { ring: { ...ring, aliases: make(ring) }, result: undefined };
    });

  return {
    async *listAliases(keyId) {
      yield* await read((ring) => {
        const wanted = keyId === undefined ? undefined : findKey(ring, location, keyId, now()).keyId;
        return aliasesOf(ring).filter((alias) => wanted === undefined || alias.keyId === wanted);
      });
    },

    createAlias: (name, keyId) =>
      change(name, (ring) => {
        const key = target(ring, keyId);
        if (aliasesOf(ring).some((alias) => alias.name === name)) throw kmsAliasExists(location, name);
        return [...aliasesOf(ring), { name, keyId: key.keyId }];
      }),

    moveAlias: (name, keyId) =>
      change(name, (ring) => {
        const key = target(ring, keyId);
        const before = existing(ring, name);
        const { usage } = findKey(ring, location, before.keyId, now());
        if (usage !== key.usage)
          throw kmsKeyUnusable(
            location,
            keyId,
            `it is a key to ${key.usage}, and ${name} is one to ${usage}`,
          );
        return aliasesOf(ring).map((alias) => (alias === before ? { name, keyId: key.keyId } : alias));
      }),

    deleteAlias: (name) =>
      change(name, (ring) => {
        const gone = existing(ring, name);
        return aliasesOf(ring).filter((alias) => alias !== gone);
      }),
  };
}
