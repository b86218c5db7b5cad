import type { Queryable } from '../../base/postgres.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { SubjectRectifyResult } from './results.ts';

/** What a correction changed, from its journal; nulls while it is not at its end. */
export async function rectifyOutcome(
  state: Queryable,
  plan: Plan,
): Promise<Pick<SubjectRectifyResult, 'corrected' | 'held'>> {
  const { state: progress, results } = progressOf(await readJournal(state, plan.id));
  if (progress !== 'applied') return { corrected: null, held: null };
  const found = new Map<string, number>();
  for (const { rows = {} } of results.values()) {
    for (const [place, count] of Object.entries(rows as Record<string, number>)) {
      found.set(place, (found.get(place) ?? 0) + count);
    }
  }
  const late = results.get(plan.body.steps.findIndex(({ kind }) => kind === 'late'));
  return {
    corrected: [...found].map(([place, rows]) => ({ place, rows })),
    held: typeof late?.['held'] === 'number' ? late['held'] : 0,
  };
}
