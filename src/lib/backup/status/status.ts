import { PosternError } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { ObjectStore } from '../../cloud/object-store.ts';
import { isJobLocked } from '../../state/job-lock.ts';
import type { KeepRules } from '../prune/rules.ts';
import { askStore } from './ask-store.ts';
import { assess, type Limits, type WatchedDestination, worst } from './assess.ts';
import { type CheckFact, type CopyFact, checkFacts, copyFacts } from './facts.ts';
import { keyEnd } from './key-expiry.ts';
import type { BackupStatusResult, DestinationStatus } from './results.ts';
import { goodSets } from './standing.ts';

/** What `backup status` looks at. */
export interface WatchContext {
  readonly profile: string;
  readonly now: Date;
  /** @throws {PosternError} exit 1 when it cannot be reached */
  state(): Promise<Queryable>;
  readonly destinations: readonly (WatchedDestination & {
    open(): Promise<{ readonly store: ObjectStore; readonly prefix: string }>;
  })[];
  readonly keep: KeepRules;
  /** Armored public keys by the name of their file. */
  readonly recipients: readonly { readonly name: string; readonly armored: string }[];
}

export interface WatchOptions {
  readonly limits: Limits;
  readonly stores: 'ask' | 'do not ask';
}

/** Says of every destination whether it has a set that is young enough, and what else an operator wants to know. */
export async function backupStatus(
  context: WatchContext,
  { limits, stores }: WatchOptions,
): Promise<BackupStatusResult> {
  const known = await readRegister(context);
  const destinations = await Promise.all(
    context.destinations.map(async (destination): Promise<DestinationStatus> => {
      const isHere = (fact: { readonly destination: string }): boolean =>
        fact.destination === destination.name;
      const copies = known.copies.filter(isHere);
      const checks = known.checks.filter(isHere);
      const newestFirst = goodSets(copies, checks).map(({ setId }) => setId);
      const look =
        stores === 'ask' && known.error === undefined
          ? await askStore(() => destination.open(), spokenOf(copies, checks), newestFirst)
          : ({ state: 'not asked' } as const);
      const { keep, now } = context;
      const status = assess({ destination, copies, checks, look, alive: known.alive, limits, keep, now });
      return known.error === undefined ? status : { ...status, ...unknownFor(known.error) };
    }),
  );
  const required = destinations.filter((destination) => destination.required);
  const counted = required.length === 0 ? destinations : required;
  return {
    profile: context.profile,
    verdict: worst(counted.map(({ verdict }) => verdict)),
    destinations,
    nextExpiry: nextExpiry(context),
  };
}

/** Sets that may be there: the register has them, or something has looked at them there. */
function spokenOf(copies: readonly CopyFact[], checks: readonly CheckFact[]): ReadonlySet<string> {
  const gone = new Set(copies.filter(({ copyState }) => copyState !== 'complete').map(({ setId }) => setId));
  return new Set([...copies, ...checks].map(({ setId }) => setId).filter((setId) => !gone.has(setId)));
}

/** Nothing known is not the same as nothing there. */
function unknownFor(error: string): Partial<DestinationStatus> {
  const message = `the state database cannot be asked: ${error}`;
  return {
    verdict: 'unknown',
    problems: [{ verdict: 'unknown', message }],
    register: 'unreachable',
    sets: null,
    bytes: null,
    cost: null,
    openRuns: null,
  };
}

interface Register {
  readonly copies: readonly CopyFact[];
  readonly checks: readonly CheckFact[];
  /** The run that holds the profile's lock. */
  readonly alive?: string;
  /** Why nothing is known. */
  readonly error?: string;
}

async function readRegister(context: WatchContext): Promise<Register> {
  const { profile } = context;
  try {
    const db = await context.state();
    const copies = await copyFacts(db, profile);
    const open = copies.findLast(({ runState }) => runState === 'running')?.setId;
    const isAlive = open !== undefined && (await isJobLocked(db, `backup ${profile}`));
    return { copies, checks: await checkFacts(db, profile), ...(isAlive && { alive: open }) };
  } catch (error) {
    // What a person has to set right is told as such, and is no question of freshness.
    if (!(error instanceof PosternError) || error.exitCode !== 1) throw error;
    return { copies: [], checks: [], error: error.message };
  }
}

function nextExpiry({ recipients }: WatchContext): BackupStatusResult['nextExpiry'] {
  const ends = recipients.flatMap(({ name, armored }) => {
    const end = keyEnd(armored);
    return end === undefined ? [] : [{ recipient: name, at: end.toISOString() }];
  });
  return ends.toSorted((a, b) => (a.at < b.at ? -1 : 1))[0] ?? null;
}
