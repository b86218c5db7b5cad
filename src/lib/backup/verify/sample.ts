import { randomBytes } from 'node:crypto';
import { sha256Hex } from '../../crypto/sha256.ts';
import type { VerifyTarget } from './job.ts';

/**
 * What decides a sample: `9f2c41d0`, or `9f2c41d0@2026-03-01T02:00:00.000Z`, which also passes over the files that
 * were looked at before that time, as long as others are left.
 */
export function newSeed(asOf: string | undefined): string {
  const random = randomBytes(4).toString('hex');
  return asOf === undefined ? random : `${random}@${asOf}`;
}

/** The time in a seed, RFC 3339. */
export function asOfSeed(seed: string): string | undefined {
  const time = /@(.+)$/.exec(seed)?.[1];
  return time === undefined || Number.isNaN(Date.parse(time)) ? undefined : time;
}

/**
 * Chooses the files of a sample: all that are not encrypted and the manifest, this percentage of the others, at least
 * one of each kind and database. The same seed, files and memory give the same sample.
 */
export function chooseSample(
  targets: readonly VerifyTarget[],
  {
    percentage,
    seed,
    seen,
  }: { readonly percentage: number; readonly seed: string; readonly seen: ReadonlySet<string> },
): readonly VerifyTarget[] {
  const sampled = targets.filter(isSampled);
  const rank = new Map(
    sampled.map(({ name }) => [
      name,
      `${seen.has(name) ? 1 : 0}${sha256Hex(Buffer.from(`${seed} ${name}`))}`,
    ]),
  );
  const ranked = sampled.toSorted((a, b) => ((rank.get(a.name) ?? '') < (rank.get(b.name) ?? '') ? -1 : 1));
  const firstOfKind = new Map(ranked.toReversed().map((target) => [kindOf(target), target]));
  const chosen = new Set(firstOfKind.values());
  const wanted = Math.ceil((sampled.length * percentage) / 100);
  for (const target of ranked) {
    if (chosen.size >= wanted) break;
    chosen.add(target);
  }
  return targets.filter((target) => !isSampled(target) || chosen.has(target));
}

/** The clear files and the manifest lie at the top of the set; everything else in folders. */
function isSampled({ name, base }: VerifyTarget): boolean {
  const inSet = base === undefined ? name : name.slice(base.length + 1);
  return inSet.includes('/');
}

/** Without a manifest by the name: parts are numbered, `platform/30-data/000001-00002.sql.zst.pgp`. */
function kindOf({ name, entry, base }: VerifyTarget): string {
  if (entry !== undefined) return `${base ?? entry.source ?? ''} ${entry.kind}`;
  return name.replace(/[\d-]*\.[^/]*$/, '');
}
