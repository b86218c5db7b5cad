import { incomplete, integrityError, usageError } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { Progress } from '../../base/progress.ts';
import { bestEffort } from '../best-effort.ts';
import type { SetStore } from '../context.ts';
import { type KnownCopy, knownCopies } from '../known-copy.ts';
import { listSets, startOf } from '../list.ts';
import { missingSets } from '../missing-sets.ts';
import { chooseSet } from '../read-set.ts';
import { verifySet } from '../verify/index.ts';
import type { VerifyFinding } from '../verify/results.ts';
import type { SetWish } from './set-wish.ts';

interface Looking {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** What knows which sets were made. */
  readonly state: () => Promise<Queryable>;
}

/**
 * The set that is asked for, or the newest complete one, after a look at its signature, names and sizes. Another one
 * than the newest that the state database knows is never taken without being told.
 * @throws {PosternError} exit 2 and 4 `set-missing`; exit 5 `set-damaged`, naming the newest set that verifies, and
 * `set-rolled-back`, naming the newer one that is gone
 */
export async function chooseRestoredSet(sets: SetStore, wish: SetWish, looking: Looking): Promise<string> {
  if (wish.set !== undefined) return chooseSet(sets, wish.set, []);
  const counts = (startedAt: string): boolean => wish.asOf === undefined || new Date(startedAt) <= wish.asOf;
  const known = await askRegister(sets, looking);
  const complete = (await listSets(sets)).filter(({ isComplete }) => isComplete);
  const [newest, ...older] = complete
    .filter(({ startedAt }) => counts(startedAt))
    .map(({ setId }) => setId)
    .toReversed();
  const gone = missingSets(
    known ?? new Map(),
    complete.map(({ setId }) => setId),
  ).findLast(({ setId }) => counts(startOf(setId)) && (newest === undefined || setId > newest));
  if (newest === undefined) throw gone === undefined ? noSet(sets, wish.asOf) : rolledBack(gone, newest);
  if (gone !== undefined && wish.whenDamaged === 'refuse') throw rolledBack(gone, newest);
  if (known !== undefined && !known.has(newest))
    looking.progress.warn(
      `the state database does not know the set ${newest}, so nobody has compared it with what was made`,
    );
  const taken = await newestSound(sets, [newest, ...older], wish, looking);
  if (gone !== undefined) looking.progress.warn(`${goneText(gone)}; this takes ${taken}`);
  return taken;
}

async function askRegister(
  sets: SetStore,
  { state, progress }: Looking,
): Promise<ReadonlyMap<string, KnownCopy> | undefined> {
  return bestEffort(progress, 'nobody has compared the newest set here with those that were made', async () =>
    knownCopies(await state(), sets),
  );
}

function goneText({ setId, location }: KnownCopy): string {
  return `the state database knows the set ${setId} as complete at ${location}, and it is not there: somebody may have rolled the store back`;
}

function rolledBack(gone: KnownCopy, newest: string | undefined): Error {
  return integrityError(goneText(gone), {
    code: 'set-rolled-back',
    hints: [
      ...(newest === undefined
        ? []
        : [
            `the newest set that is here is ${newest}: name it to take it all the same; a restore does so with --newest-verifying`,
          ]),
      'another destination may have the set: --from',
    ],
  });
}

/** The newest of these, or with leave the newest that verifies. */
async function newestSound(
  sets: SetStore,
  [newest = '', ...older]: readonly string[],
  wish: SetWish,
  looking: Looking,
): Promise<string> {
  const problem = await problemOf(sets, newest, looking);
  if (problem === undefined) return newest;
  const sound = await firstSound(sets, older, looking);
  if (sound !== undefined && wish.whenDamaged === 'take-older') {
    looking.progress.warn(`the newest set, ${newest}, is damaged: ${problem}; this takes ${sound}`);
    return sound;
  }
  throw integrityError(`the newest set, ${newest}, is damaged: ${problem}`, {
    code: 'set-damaged',
    hints:
      sound === undefined
        ? ['no set of this destination verifies: try another one with --from']
        : [
            `the newest set that verifies is ${sound}: name it; a restore takes it with --newest-verifying`,
            'another destination may have the newest set whole: --from',
          ],
  });
}

async function firstSound(
  sets: SetStore,
  setIds: readonly string[],
  looking: Looking,
): Promise<string | undefined> {
  for (const setId of setIds) if ((await problemOf(sets, setId, looking)) === undefined) return setId;
  return undefined;
}

/** What says nothing about whether this set can be restored. */
const harmless: ReadonlySet<string> = new Set(['unlisted', 'chain', 'shadowed', 'register', 'lock']);

/** Why a set cannot be restored, as far as a listing and a signature show it. */
async function problemOf(
  sets: SetStore,
  setId: string,
  { signal, progress }: Looking,
): Promise<string | undefined> {
  signal.throwIfAborted();
  const { findings } = await verifySet(sets, setId, {
    level: 'list',
    keys: undefined,
    workers: 1,
    signal,
    progress,
  });
  const serious = findings.filter(({ kind }) => !harmless.has(kind));
  const [first] = serious;
  if (first === undefined) return undefined;
  return `${describe(first)}${serious.length > 1 ? `, and ${serious.length - 1} more` : ''}`;
}

function describe({ file, message }: VerifyFinding): string {
  return file === null ? message : `${file}: ${message}`;
}

function noSet(sets: SetStore, asOf: Date | undefined): Error {
  const place = `${sets.store.location}/${sets.prefix}`;
  return asOf === undefined
    ? incomplete(`there is no complete set at ${place}`, {
        code: 'set-missing',
        hints: ['`postern backup run` makes one'],
      })
    : usageError(`no complete set at ${place} began at ${asOf.toISOString()} or earlier`, {
        code: 'set-missing',
        hints: ['`postern backup list` shows the sets'],
      });
}
