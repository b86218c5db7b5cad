/** How many sets each rule keeps; 0 switches a rule off. */
export interface KeepRules {
  readonly last: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
}

export interface DatedSet {
  readonly setId: string;
  readonly startedAt: Date;
}

const day = 86_400_000;

/** The span of time that a set falls into, in UTC; of the sets of one span, a rule keeps the newest. */
const spanOf: Readonly<Record<keyof KeepRules, (at: Date, place: number) => number>> = {
  last: (_, place) => place,
  daily: (at) => Math.floor(at.getTime() / day),
  // Weeks as in ISO 8601, from Monday; the first day of Unix time was a Thursday.
  weekly: (at) => Math.floor((at.getTime() / day + 3) / 7),
  monthly: (at) => at.getUTCFullYear() * 12 + at.getUTCMonth(),
  yearly: (at) => at.getUTCFullYear(),
};

const reasonOf: Readonly<Record<keyof KeepRules, string>> = {
  last: 'one of the last',
  daily: 'the newest of its day',
  weekly: 'the newest of its week',
  monthly: 'the newest of its month',
  yearly: 'the newest of its year',
};

const rules = Object.keys(spanOf) as readonly (keyof KeepRules)[];

/** Whether any rule keeps anything. */
export function keepsAnything(keep: KeepRules): boolean {
  return rules.some((rule) => keep[rule] > 0);
}

/**
 * What the rules keep, in the manner of `restic forget`: each on its own, from the newest set on, and a set for as many
 * reasons as there are. A rule with places left also keeps the oldest set, so that the history grows to its full length.
 * @returns reasons by set; a set that is not in it is kept by no rule
 */
export function keptByRules(
  sets: readonly DatedSet[],
  keep: KeepRules,
): ReadonlyMap<string, readonly string[]> {
  const newestFirst = sets.toSorted(
    (a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.setId < b.setId ? 1 : -1),
  );
  const kept = new Map<string, string[]>();
  for (const rule of rules) {
    let left = keep[rule];
    let previous: number | undefined;
    for (const [place, { setId, startedAt }] of newestFirst.entries()) {
      if (left === 0) break;
      const span = spanOf[rule](startedAt, place);
      const isOldest = place === newestFirst.length - 1;
      if (span === previous && !isOldest) continue;
      const reason = span === previous ? `the oldest, as the ${rule} rule has places left` : reasonOf[rule];
      kept.set(setId, [...(kept.get(setId) ?? []), reason]);
      previous = span;
      left -= 1;
    }
  }
  return kept;
}
