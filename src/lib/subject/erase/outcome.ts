import type { Queryable } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import { type EraseDone, eraseDone } from './results.ts';

/** What an erasure did, from its journal; undefined while it is not at its end. */
export async function eraseOutcome(state: Queryable, plan: Plan): Promise<EraseDone | undefined> {
  const { state: progress, results } = progressOf(await readJournal(state, plan.id));
  if (progress !== 'applied') return undefined;
  const of = (kind: string): readonly JsonObject[] =>
    plan.body.steps.flatMap((step, index) => {
      const result = results.get(index);
      return step.kind === kind && result !== undefined ? [result] : [];
    });
  const sum = (kind: string, name: string): number =>
    of(kind).reduce((total, result) => total + (typeof result[name] === 'number' ? result[name] : 0), 0);
  const [residue = {}] = of('residue');
  return eraseDone.parse({
    rowsDeleted: sum('delete', 'deleted') + sum('delete', 'cascaded'),
    rowsChanged: sum('change', 'changed') + sum('unlink', 'emptied') + sum('delete', 'emptied'),
    rowsLate: sum('late', 'rows'),
    objects: sum('objects', 'objects'),
    versions: sum('objects', 'versions'),
    objectsRewritten: sum('rewrite', 'rewritten'),
    objectsRetained: sum('objects', 'retained') + sum('rewrite', 'retained'),
    left: residue['left'] ?? [],
    displayNames: residue['displayNames'] ?? [],
    kept: residue['kept'] ?? [],
    objectsNaming: residue['objects'] ?? [],
    unasked: residue['unasked'] ?? [],
  });
}
