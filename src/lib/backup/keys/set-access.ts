import { PosternError } from '../../base/error.ts';
import { inParallel } from '../../base/in-parallel.ts';
import { describeMessage } from '../../crypto/openpgp-container.ts';
import type { SetStore } from '../context.ts';
import { fileName } from '../format/layout.ts';
import { readHead } from './read-head.ts';
import { trustedRewraps } from './trusted-rewraps.ts';

/** By which encryption keys a set can be opened, as far as anybody can see who has no secret key. */
export interface SetAccess {
  readonly setId: string;
  /** Key ids, 16 uppercase hexadecimal digits: those that the set was made for. */
  readonly recipients: ReadonlySet<string>;
  /** Those that it was wrapped again for, under a signature that is trusted. */
  readonly rewraps: ReadonlySet<string>;
  /** Why it cannot be told; null when it can. */
  readonly problem: string | null;
}

export type OpensBy = 'recipient' | 'rewrap';

/** Reads of each set the first bytes of its manifest, and its rewraps. @throws {PosternError} exit 1 as the store's `list` */
export async function readAccess(
  sets: SetStore,
  setIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly SetAccess[]> {
  const found = new Map<string, SetAccess>();
  await inParallel(setIds, 8, async (setId) => {
    signal.throwIfAborted();
    found.set(setId, await accessOf(sets, setId));
  });
  return setIds.flatMap((setId) => found.get(setId) ?? []);
}

async function accessOf(sets: SetStore, setId: string): Promise<SetAccess> {
  let problem: string | null = null;
  const recipients = new Set<string>();
  const rewraps = new Set<string>();
  try {
    const head = await readHead(sets.store, `${sets.prefix}${setId}/${fileName.manifest}`);
    for (const keyId of describeMessage(head).recipientKeyIds) recipients.add(keyId);
    for await (const found of trustedRewraps(sets, setId)) {
      if ('problem' in found) continue;
      for (const keyId of describeMessage(found.bytes).recipientKeyIds) rewraps.add(keyId);
    }
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    problem = error.message;
  }
  return { setId, recipients, rewraps, problem };
}

/** How one of these keys opens the set; undefined when none does, or it cannot be told. */
export function opensBy(
  { recipients, rewraps }: SetAccess,
  keyIds: Iterable<string>,
): { readonly by: OpensBy; readonly keyId: string } | undefined {
  const ids = [...keyIds];
  const direct = ids.find((keyId) => recipients.has(keyId));
  if (direct !== undefined) return { by: 'recipient', keyId: direct };
  const wrapped = ids.find((keyId) => rewraps.has(keyId));
  return wrapped === undefined ? undefined : { by: 'rewrap', keyId: wrapped };
}

/** Who can open how many sets, once a recipient is gone. */
export interface RemainingAccess {
  readonly sets: number;
  readonly remaining: readonly { readonly fingerprint: string; readonly sets: number }[];
  /** Sets that none of the remaining keys opens, but the removed one does. */
  readonly lost: readonly string[];
}

/** The key ids of a recipient: of every encryption key that it ever had. */
export interface RecipientKeyIds {
  readonly fingerprint: string;
  readonly keyIds: readonly string[];
}

/** What removing a recipient means for the sets that are there. */
export function accessWithout(
  sets: readonly SetAccess[],
  removed: RecipientKeyIds,
  remaining: readonly RecipientKeyIds[],
): RemainingAccess {
  return {
    sets: sets.length,
    remaining: remaining.map(({ fingerprint, keyIds }) => ({
      fingerprint,
      sets: sets.filter((set) => opensBy(set, keyIds) !== undefined).length,
    })),
    lost: sets
      .filter(
        (set) =>
          opensBy(set, removed.keyIds) !== undefined &&
          remaining.every(({ keyIds }) => opensBy(set, keyIds) === undefined),
      )
      .map(({ setId }) => setId),
  };
}
