import type { SetStore } from '../backup/context.ts';
import { readAccess } from '../backup/keys/set-access.ts';
import { listSets } from '../backup/list.ts';
import { openSignedSet } from '../backup/read-set.ts';
import { messageOf, PosternError } from '../base/error.ts';
import { inParallel } from '../base/in-parallel.ts';
import type { FoundSetKeys, SetKeys, SetStub } from '../key/compromise/index.ts';
import type { PosternContext } from './context.ts';
import { setStores } from './set-stores.ts';

/**
 * What the complete sets of every destination tell of their keys. A set may have been wrapped again at one of them
 * alone: each is asked.
 * @param recorded sets that should be at some destination
 * @throws {PosternError} exit 2: what is wrong in the configuration itself
 */
export async function readSetKeys(
  context: PosternContext,
  recorded: readonly string[],
): Promise<FoundSetKeys> {
  const { stores, unopened } = await setStores(context);
  const unasked = unopened.map(({ destination, error }) => sourceOf(destination, error));
  const found = new Map<string, SetKeys>();
  for (const store of stores) {
    try {
      for (const set of await keysAt(store, context.signal)) {
        const other = found.get(set.setId);
        found.set(set.setId, other === undefined ? set : together(other, set));
      }
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      unasked.push(sourceOf(store.destination, error));
    }
  }
  for (const setId of recorded) if (!found.has(setId)) found.set(setId, missing(setId));
  return { sets: [...found.values()].toSorted((a, b) => (a.setId < b.setId ? -1 : 1)), unasked };
}

const sourceOf = (destination: string, error: PosternError) => ({
  source: `the backup destination ${destination}`,
  reason: messageOf(error),
});

const missing = (setId: string): SetKeys => ({
  setId,
  keyIds: new Set(),
  accessProblem: 'no destination has it',
  stub: null,
  stubProblem: 'no destination has it',
});

async function keysAt(store: SetStore, signal: AbortSignal): Promise<readonly SetKeys[]> {
  const complete = (await listSets(store)).filter(({ isComplete }) => isComplete);
  const setIds = complete.map(({ setId }) => setId);
  const access = await readAccess(store, setIds, signal);
  const found: SetKeys[] = [];
  await inParallel(access, 8, async ({ setId, recipients, rewraps, problem }) => {
    signal.throwIfAborted();
    const keyIds = new Set([...recipients, ...rewraps]);
    found.push({ setId, keyIds, accessProblem: problem, ...(await stubOf(store, setId)) });
  });
  return found;
}

async function stubOf(store: SetStore, setId: string): Promise<Pick<SetKeys, 'stub' | 'stubProblem'>> {
  try {
    const { stub, signer } = await openSignedSet(store, setId);
    const told: SetStub = { recipients: stub.recipients, signer, kmsKeyId: stub.kms?.keyId ?? null };
    return { stub: told, stubProblem: null };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return { stub: null, stubProblem: messageOf(error) };
  }
}

/** What two destinations tell of a set: what one of them cannot, the other may. */
function together(one: SetKeys, other: SetKeys): SetKeys {
  const stub = one.stub ?? other.stub;
  return {
    setId: one.setId,
    keyIds: new Set([...one.keyIds, ...other.keyIds]),
    accessProblem: one.accessProblem === null ? null : other.accessProblem,
    stub,
    stubProblem: stub === null ? one.stubProblem : null,
  };
}
