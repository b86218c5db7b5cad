import type { SharedTest } from '../../find/shared-names.ts';
import type { Identity } from '../../identity/identities.ts';
import { hashesToFind, type NameHasher } from '../../name-hash/index.ts';

/** Names that several share, told by what a plan or the ledger keeps of them; undefined where they keep none. */
export function sharedByHash(
  hasher: NameHasher,
  identities: ReadonlyMap<string, Identity>,
  hashes: readonly string[],
): SharedTest | undefined {
  if (hashes.length === 0) return undefined;
  const shared = new Set(hashes);
  return ({ kind }, value) => {
    const found = hashesToFind(hasher, 'ledger', identities, new Map([[kind, new Set([value])]]));
    return [...found].some((hash) => shared.has(hash));
  };
}
