import type { JsonObject } from '../../crypto/canonical-json.ts';

/** What a re-encryption took, from the results of its steps, to stand beside its forecast. */
export function actualOf(results: readonly JsonObject[]) {
  const sum = (name: string): number =>
    results.reduce((total, result) => total + Number(result[name] ?? 0), 0);
  return {
    newKeys: sum('made'),
    values: sum('written'),
    moved: sum('moved'),
    drained: sum('drained'),
    shredded: sum('shredded'),
    kmsCalls: sum('kmsCalls'),
    walBytes: sum('walBytes'),
    seconds: Number(sum('seconds').toFixed(3)),
  };
}
