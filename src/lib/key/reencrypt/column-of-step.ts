import type { Plan } from '../../operation/plan.ts';
import type { WalkedColumn } from '../column/walked-column.ts';

/** The column that a step of a plan walks. */
export function columnOfStep(plan: Plan, step: number, columns: readonly WalkedColumn[]): WalkedColumn {
  const wanted = plan.body.steps[step]?.inputs ?? {};
  const found = columns.find(({ table, column }) => table === wanted['table'] && column === wanted['column']);
  if (found === undefined)
    throw new Error(`the plan walks ${JSON.stringify(wanted)}, which is not in the map`);
  return found;
}
