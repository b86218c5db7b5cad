import { formatDuration } from '../../base/duration.ts';
import { clockTolerance } from '../../operation/clock-tolerance.ts';
import type { KeepRules } from '../prune/rules.ts';
import type { StoreLook } from './ask-store.ts';
import type { CheckFact, CopyFact } from './facts.ts';
import { forecast, growthOf, type SizedSet } from './growth.ts';
import type { DestinationStatus, Verdict } from './results.ts';
import { isDamaged, type Standing, standing } from './standing.ts';

/** How old things may be, in milliseconds; what is left out is not asked. */
export interface Limits {
  readonly age: number;
  readonly verifyAge?: number;
  readonly drillAge?: number;
}

/** A destination as the configuration has it. */
export interface WatchedDestination {
  readonly name: string;
  readonly required: boolean;
  /** Milliseconds for which sets are locked there; 0: not at all. */
  readonly lock: number;
  readonly price: { readonly perGibMonth: number; readonly currency: string } | undefined;
}

export interface Assessed {
  readonly destination: WatchedDestination;
  /** Of this destination, oldest first. */
  readonly copies: readonly CopyFact[];
  /** Of this destination, the latest first. */
  readonly checks: readonly CheckFact[];
  readonly look: StoreLook;
  /** The run that holds the profile's lock. */
  readonly alive: string | undefined;
  readonly limits: Limits;
  readonly keep: KeepRules;
  readonly now: Date;
}

type Problem = DestinationStatus['problems'][number];

const horizons = [30, 90, 365] as const;
const day = 86_400_000;
/** Judges one destination by what is known of it. */
export function assess(about: Assessed): DestinationStatus {
  const { destination, copies, checks, look, now } = about;
  const found = standing(copies, checks, look);
  const { complete, last, missing, verified, listed, drilled } = found;
  const failed = copies.findLast(
    ({ copyState, setId }) => copyState === 'failed' && (last === undefined || setId > last.setId),
  );
  const problems = problemsOf(about, found);
  const bytes = complete.reduce((sum, copy) => sum + copy.bytes, 0);
  return {
    name: destination.name,
    required: destination.required,
    verdict: worst(problems.map(({ verdict }) => verdict)),
    problems,
    lastSet: last === undefined ? null : lastSetOf(last, about),
    lastFailure: failed === undefined ? null : { setId: failed.setId, startedAt: failed.startedAt },
    verified: checkOf(verified, now),
    listed: checkOf(listed, now),
    drilled:
      drilled === undefined
        ? null
        : {
            setId: drilled.setId,
            at: drilled.at,
            ageSeconds: age(drilled.at, now) / 1000,
            rtoSeconds: drilled.seconds,
          },
    sets: complete.length,
    bytes,
    missing: look.state === 'asked' ? missing.length : null,
    ...outlook(about, complete, bytes),
    keyrings: look.state === 'asked' ? look.keyrings.size : null,
    openRuns: copies
      .filter(({ runState }) => runState === 'running')
      .map(({ setId }) => ({ setId, state: setId === about.alive ? 'under way' : 'dead' })),
    register: 'asked',
    store: look.state,
  };
}

/** Stale stands above unknown: what is known to be too old needs somebody, whatever else may be. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('stale')) return 'stale';
  return verdicts.includes('unknown') ? 'unknown' : 'fresh';
}

function problemsOf({ checks, look, limits, now }: Assessed, found: Standing): Problem[] {
  const problems: Problem[] = [];
  const add = (verdict: Problem['verdict'], message: string): void =>
    void problems.push({ verdict, message });
  const limit = (what: string, at: string | undefined, most: number | undefined): void => {
    if (most === undefined) return;
    if (at === undefined) return add('unknown', `no ${what} yet`);
    const old = age(at, now);
    if (old > most)
      add(
        'stale',
        `the last ${what} is ${formatDuration(old)} old, and ${formatDuration(most)} is the limit`,
      );
    if (old < -clockTolerance) add('unknown', `the last ${what} is from the future: a clock is wrong`);
  };
  if (look.state === 'unreachable') add('unknown', `the store cannot be asked: ${look.message}`);
  const isYounger = ({ setId }: CopyFact): boolean => found.last === undefined || setId > found.last.setId;
  for (const { setId } of found.missing.filter(isYounger).toReversed())
    add('stale', `the manifest of ${setId} is gone from the store`);
  const lost = lostKeyring(found.last, look, now);
  if (lost !== undefined) add('stale', lost);
  // An older one that is damaged speaks against nothing any more, and may be locked for a year.
  for (const { setId } of found.complete.filter(isYounger))
    if (isDamaged(setId, checks)) add('stale', `verification found ${setId} damaged`);
  limit('complete set', found.last?.startedAt, limits.age);
  limit('verification of contents', found.verified?.at, limits.verifyAge);
  limit('drill', found.drilled?.at, limits.drillAge);
  return problems;
}

/** The wrapped keys of the newest set: without them, it restores mail that nobody can read. */
function lostKeyring(last: CopyFact | undefined, look: StoreLook, now: Date): string | undefined {
  if (last === undefined || look.state !== 'asked' || look.keyrings.has(last.setId)) return undefined;
  const { setId, keyringLockUntil, keyringPrunedAt } = last;
  if (keyringLockUntil === null || keyringPrunedAt !== null || age(keyringLockUntil, now) >= 0)
    return undefined;
  return `the keyring of ${setId} is gone from the store, though locked until ${keyringLockUntil.slice(0, 10)}`;
}

function outlook(
  { destination: { price, lock }, keep, now }: Assessed,
  complete: readonly CopyFact[],
  bytes: number,
): Pick<DestinationStatus, 'growthBytesPerWeek' | 'forecast' | 'cost'> {
  const cost = (size: number): number | null =>
    price === undefined ? null : Math.round((size / 2 ** 30) * price.perGibMonth * 100) / 100;
  const sets = complete.map(
    ({ startedAt, bytes: size, lockUntil }): SizedSet => ({
      at: Date.parse(startedAt),
      bytes: size,
      ...(lockUntil !== null && { lockUntil: Date.parse(lockUntil) }),
    }),
  );
  const growth = growthOf(sets);
  return {
    growthBytesPerWeek: growth?.bytesPerWeek ?? null,
    forecast:
      growth === undefined
        ? []
        : horizons.map((days) => {
            const found = forecast({ sets, growth, now: now.getTime(), horizon: days * day, keep, lock });
            return { days, ...found, cost: cost(found.bytes) };
          }),
    cost: price === undefined ? null : { amount: cost(bytes) ?? 0, currency: price.currency },
  };
}

function lastSetOf(
  { setId, startedAt, lockUntil, objectsLockUntil }: CopyFact,
  { look, now }: Assessed,
): DestinationStatus['lastSet'] {
  const asked = look.state === 'asked' ? look.locks : undefined;
  const [data, objects] =
    look.state === 'asked'
      ? [asked?.data?.toISOString() ?? null, asked?.objects?.toISOString() ?? null]
      : [lockUntil, objectsLockUntil];
  return {
    setId,
    startedAt,
    ageSeconds: age(startedAt, now) / 1000,
    lockedUntil: data,
    objectsLockedUntil: objects,
  };
}

function checkOf(check: CheckFact | undefined, now: Date): DestinationStatus['verified'] {
  if (check === undefined) return null;
  const { setId, level, at } = check;
  return { setId, level: level ?? '', at, ageSeconds: age(at, now) / 1000 };
}

function age(at: string, now: Date): number {
  return now.getTime() - Date.parse(at);
}
