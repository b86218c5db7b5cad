import type { ManifestObjects } from '../format/manifest.ts';
import type { IndexLine } from './index-line.ts';

type Totals = Pick<
  ManifestObjects,
  'buckets' | 'count' | 'bytes' | 'stored' | 'storedBytes' | 'missing' | 'referenced' | 'unreferenced'
>;

/** Counts the lines of an index. */
export interface ObjectTally {
  add(line: IndexLine): void;
  /** The sets that hold the objects. */
  sets(): ReadonlySet<string>;
  /** @param buckets those to tell even when they are empty, in order */
  totals(buckets: readonly string[]): Totals;
}

/** @param setId the set whose own objects count as stored */
export function objectTally(setId: string): ObjectTally {
  const buckets = new Map<string, { count: number; bytes: number }>();
  const missing = { absent: 0, damaged: 0, name: 0 };
  const sets = new Set<string>();
  let stored = 0;
  let storedBytes = 0;
  let referenced = 0;
  let unreferenced = 0;
  return {
    add: (line) => {
      if ('missing' in line) {
        missing[line.reason] += 1;
        return;
      }
      const bucket = buckets.get(line.bucket) ?? { count: 0, bytes: 0 };
      bucket.count += 1;
      bucket.bytes += line.size;
      buckets.set(line.bucket, bucket);
      sets.add(line.set);
      if (line.referenced) referenced += 1;
      else unreferenced += 1;
      if (line.set !== setId) return;
      stored += 1;
      storedBytes += line.size;
    },
    sets: () => sets,
    totals: (names) => {
      const all = [...buckets.values()];
      return {
        buckets: names.map((name) => ({ name, ...(buckets.get(name) ?? { count: 0, bytes: 0 }) })),
        count: all.reduce((sum, { count }) => sum + count, 0),
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        stored,
        storedBytes,
        missing,
        referenced,
        unreferenced,
      };
    },
  };
}
