import { describeKey } from '../../crypto/openpgp-key-description.ts';
import type { SetStore } from '../context.ts';
import { listSets } from '../list.ts';
import type { RecipientsSetsResult } from './results.ts';
import { opensBy, readAccess } from './set-access.ts';

/**
 * Which of the complete sets a key opens, found without opening any.
 * @param key public or secret; expired and revoked keys open what was made for them
 * @throws {PosternError} exit 2 as `describeKey`; exit 1 as the store's `list`
 */
export async function setsOfKey(
  sets: SetStore,
  key: Uint8Array,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
): Promise<RecipientsSetsResult> {
  const { fingerprint, kind, encryptionKeys } = await describeKey(key, now);
  const keyIds = encryptionKeys
    .filter(({ hasSecret }) => kind === 'public' || hasSecret)
    .map(({ keyId }) => keyId);
  const complete = (await listSets(sets)).filter(({ isComplete }) => isComplete);
  const access = await readAccess(
    sets,
    complete.map(({ setId }) => setId),
    signal,
  );
  const found = complete.map(({ setId, startedAt }, index) => {
    const set = access[index];
    const opens = set === undefined ? undefined : opensBy(set, keyIds);
    return {
      setId,
      startedAt,
      opensBy: opens?.by ?? null,
      keyId: opens?.keyId ?? null,
      problem: set?.problem ?? null,
    };
  });
  const openable = found.filter((set) => set.opensBy !== null).length;
  return {
    location: `${sets.store.location}/${sets.prefix}`,
    fingerprint,
    openable,
    missing: found.length - openable,
    sets: found,
  };
}
