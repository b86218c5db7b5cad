import { type KeepRules, keepsAnything, keptByRules } from '../prune/rules.ts';

/** A set that is there, or will be. Times are milliseconds since 1970. */
export interface SizedSet {
  readonly at: number;
  readonly bytes: number;
  /** Until when the store keeps it, whatever the rules say. */
  readonly lockUntil?: number;
}

/** How sets come: their size as a line over time, and the time between two. */
export interface Growth {
  /** By how much a set is larger than one of a week before. */
  readonly bytesPerWeek: number;
  /** Milliseconds, the median. */
  readonly interval: number;
  bytesAt(at: number): number;
}

const week = 7 * 86_400_000;
/** As many of the last sets are looked at: older ones tell of another time. */
const looked = 12;
/** Sets that are made by hand within a day say nothing of a year. */
const leastSpan = 86_400_000;
const leastInterval = 3_600_000;
/** What a forecast may reckon with: an hourly set over two years. */
const most = 20_000;

/**
 * The line of least squares through the sizes of the last sets, oldest first.
 * @returns undefined for sets that cover less than a day: there is no line
 */
export function growthOf(sets: readonly SizedSet[]): Growth | undefined {
  const last = sets.slice(-looked);
  const gaps = last.slice(1).map(({ at }, index) => at - (last[index]?.at ?? at));
  if ((last.at(-1)?.at ?? 0) - (last[0]?.at ?? 0) < leastSpan) return undefined;
  const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  const meanAt = mean(last.map(({ at }) => at));
  const meanBytes = mean(last.map(({ bytes }) => bytes));
  const spread = last.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  const slope = last.reduce((sum, { at, bytes }) => sum + (at - meanAt) * (bytes - meanBytes), 0) / spread;
  return {
    bytesPerWeek: Math.round(slope * week),
    interval: Math.max(median, leastInterval),
    bytesAt: (at) => Math.max(0, Math.round(meanBytes + slope * (at - meanAt))),
  };
}

export interface ForecastOptions {
  readonly sets: readonly SizedSet[];
  readonly growth: Growth;
  readonly now: number;
  /** Milliseconds from now. */
  readonly horizon: number;
  readonly keep: KeepRules;
  /** Milliseconds for which a new set is locked. */
  readonly lock: number;
}

/** What will be there at the horizon when sets go on to come as they did, and are pruned by the rules. */
export function forecast({ sets, growth, now, horizon, keep, lock }: ForecastOptions): {
  readonly sets: number;
  readonly bytes: number;
} {
  const end = now + horizon;
  const all = [...sets];
  const first = Math.max(now, (sets.at(-1)?.at ?? now) + growth.interval);
  for (let at = first; at <= end && all.length < most; at += growth.interval)
    all.push({ at, bytes: growth.bytesAt(at), lockUntil: at + lock });
  const kept = keptByRules(
    all.map(({ at }, index) => ({ setId: String(index), startedAt: new Date(at) })),
    keep,
  );
  const left = all.filter(
    ({ lockUntil = 0 }, index) => !keepsAnything(keep) || lockUntil > end || kept.has(String(index)),
  );
  return { sets: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
