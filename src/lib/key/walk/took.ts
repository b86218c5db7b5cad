import type { JsonObject } from '../../crypto/canonical-json.ts';

interface Took {
  readonly newKeys: number;
  readonly values: number;
  readonly moved: number;
  readonly kmsCalls: number;
  readonly walBytes: number;
  readonly seconds: number;
}

/** What the steps of a plan with walks took together, to stand beside its forecast. @param more further counts, by name */
export function tookOf<const More extends string>(
  results: readonly JsonObject[],
  more: readonly More[],
): Took & Readonly<Record<More, number>> {
  const sum = (name: string): number =>
    results.reduce((total, result) => total + Number(result[name] ?? 0), 0);
  const further = Object.fromEntries(more.map((name) => [name, sum(name)])) as Record<More, number>;
  return {
    newKeys: sum('made'),
    values: sum('written'),
    moved: sum('moved'),
    kmsCalls: sum('kmsCalls'),
    walBytes: sum('walBytes'),
    seconds: Number(sum('seconds').toFixed(3)),
    ...further,
  };
}
