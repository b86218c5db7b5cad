import { incomplete, integrityError, usageError } from '../../base/error.ts';
import type { Progress } from '../../base/progress.ts';
import type { SetStore } from '../context.ts';
import { listSets } from '../list.ts';
import { chooseSet } from '../read-set.ts';
import { verifySet } from '../verify/index.ts';
import type { VerifyFinding } from '../verify/results.ts';

/** Which set is wanted. */
export interface SetWish {
  /** By its name; then no other question is asked. */
  readonly set?: string;
  /** The newest one that began at this time or earlier. */
  readonly asOf?: Date;
  /** `take-older`: where the newest one is damaged, the newest that verifies; `refuse` points it out only. */
  readonly whenDamaged: 'refuse' | 'take-older';
}

/**
 * What the words of a command line ask for.
 * @throws {PosternError} exit 2, `time-invalid`, `set-twice`
 */
export function setWish({
  set,
  asOf,
  takesOlder,
}: {
  readonly set: string | undefined;
  readonly asOf: string | undefined;
  readonly takesOlder: boolean;
}): SetWish {
  if (set !== undefined && (asOf !== undefined || takesOlder)) {
    throw usageError('the set is named, so there is none to choose', {
      code: 'set-twice',
      hints: ['leave the name out, or --as-of and --newest-verifying'],
    });
  }
  return {
    ...(set === undefined ? {} : { set }),
    ...(asOf === undefined ? {} : { asOf: parseAsOf(asOf) }),
    whenDamaged: takesOlder ? 'take-older' : 'refuse',
  };
}

interface Looking {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/**
 * The set that is asked for, or the newest complete one, after a look at its signature, names and sizes. Another one
 * than the newest is never taken without being told.
 * @throws {PosternError} exit 2 and 4 `set-missing`; exit 5 `set-damaged`, naming the newest set that verifies
 */
export async function chooseRestoredSet(sets: SetStore, wish: SetWish, looking: Looking): Promise<string> {
  if (wish.set !== undefined) return chooseSet(sets, wish.set, []);
  const all = await listSets(sets);
  const candidates = all
    .filter(
      ({ isComplete, startedAt }) =>
        isComplete && (wish.asOf === undefined || new Date(startedAt) <= wish.asOf),
    )
    .map(({ setId }) => setId)
    .toReversed();
  const [newest, ...older] = candidates;
  if (newest === undefined) throw noSet(sets, wish.asOf);
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
            `the newest set that verifies is ${sound}: name it, or give --newest-verifying`,
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

/**
 * Reads `2026-03-01` or RFC 3339 such as `2026-03-01T12:00:00Z`. A date alone means its end, in UTC.
 * @throws {PosternError} exit 2, `time-invalid`
 */
function parseAsOf(text: string): Date {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text);
  const time = isDate ? new Date(`${text}T23:59:59.999Z`) : new Date(text.replace(' ', 'T'));
  // JavaScript takes 31 February for 3 March.
  const isReal = !Number.isNaN(time.getTime()) && isCalendarDate(text.slice(0, 10));
  if ((isDate || isTime) && isReal) return time;
  throw usageError(`${JSON.stringify(text)} is no date and no time`, {
    code: 'time-invalid',
    hints: ['write it as 2026-03-01 or 2026-03-01T12:00:00Z'],
  });
}

function isCalendarDate(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}
