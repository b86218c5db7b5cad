import type { Queryable } from '../../base/postgres.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import { type OffboardDone, offboardDone } from './results.ts';
import { doneSteps } from './steps-of.ts';

/** What an offboarding did, from its journal; undefined while it is not at its end. */
export async function offboardOutcome(state: Queryable, plan: Plan): Promise<OffboardDone | undefined> {
  const { state: progress, results } = progressOf(await readJournal(state, plan.id));
  if (progress !== 'applied') return undefined;
  const steps = doneSteps(plan, (index) => results.get(index));
  const sum = (kind: string, name: string): number =>
    steps
      .filter((step) => step.kind === kind)
      .reduce((total, { result }) => total + (typeof result[name] === 'number' ? result[name] : 0), 0);
  return offboardDone.parse({
    ...steps.find(({ kind }) => kind === 'recount')?.result,
    rowsDeleted: sum('delete', 'deleted') + sum('delete', 'cascaded'),
    rowsChanged: sum('change', 'changed') + sum('unlink', 'emptied') + sum('delete', 'emptied'),
    rowsLate: sum('late', 'rows'),
    objects: sum('objects', 'objects'),
    versions: sum('objects', 'versions'),
    objectsRetained: sum('objects', 'retained'),
  });
}
