import type { Queryable } from '../../base/postgres.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { SubjectRectifyResult } from './results.ts';

/** What a correction changed, from its journal; null while it is not at its end. */
export async function rectifyOutcome(
  state: Queryable,
  plan: Plan,
): Promise<SubjectRectifyResult['corrected']> {
  const { state: progress, results } = progressOf(await readJournal(state, plan.id));
  if (progress !== 'applied') return null;
  const found = new Map<string, number>();
  for (const { rows = {} } of results.values()) {
    for (const [place, count] of Object.entries(rows as Record<string, number>)) {
      found.set(place, (found.get(place) ?? 0) + count);
    }
  }
  return [...found].map(([place, rows]) => ({ place, rows }));
}
