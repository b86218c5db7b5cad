import { refused } from '../base/error.ts';
import { canonicalJson, type JsonValue } from '../crypto/canonical-json.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import { clockTolerance } from './clock-tolerance.ts';
import { type Plan, type Precondition, shortId } from './plan.ts';

/** A precondition over any JSON value: a schema, a map, a row set. */
export function precondition(name: string, value: JsonValue): Precondition {
  return { name, sha256: sha256Hex(canonicalJson(value)) };
}

/**
 * The preconditions must be the same set with the same hashes as in the plan.
 * @throws {PosternError} exit 6, `code: 'plan-stale'`, naming what changed
 */
export function requireFresh(plan: Plan, current: readonly Precondition[]): void {
  const planned = hashes(plan.body.preconditions);
  const now = hashes(current);
  const changed = [...new Set([...planned.keys(), ...now.keys()])].filter(
    (name) => planned.get(name) !== now.get(name),
  );
  if (changed.length === 0) return;
  throw refused(`plan ${shortId(plan.id)} is stale: changed since it was made: ${changed.join(', ')}`, {
    code: 'plan-stale',
    hints: ['make the plan again, look at the difference, and have the new one approved'],
  });
}

/**
 * A plan is begun before it expires or not at all.
 * @throws {PosternError} exit 6, `code: 'plan-expired'`
 */
export function requireUnexpired(plan: Plan, now: Date): void {
  const { createdAt, expiresAt } = plan.body;
  if (now.getTime() < Date.parse(createdAt) - clockTolerance) {
    throw refused(`plan ${shortId(plan.id)} was made at ${createdAt}, after this host's time`, {
      code: 'plan-from-the-future',
      hints: ['set the clock of this host, or of the host that made the plan'],
    });
  }
  if (now.getTime() < Date.parse(expiresAt)) return;
  throw refused(`plan ${shortId(plan.id)} expired at ${expiresAt}`, {
    code: 'plan-expired',
    hints: ['make the plan again and have the new one approved'],
  });
}

function hashes(preconditions: readonly Precondition[]): ReadonlyMap<string, string> {
  return new Map(preconditions.map(({ name, sha256 }) => [name, sha256]));
}
