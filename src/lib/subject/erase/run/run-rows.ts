import type { Eraser } from '../change/change-row.ts';
import type { Closure } from '../closure/closure.ts';
import { rowSteps } from '../row-steps.ts';
import { openProgress, type Transactions } from './batches.ts';
import { refreshCopies } from './refresh.ts';
import { changeTable, deleteTables, emptyReferences, treatLate } from './rows.ts';
import { type ErasureRun, eraserOf } from './run.ts';

/** Does all that a plan does to rows, at once: for a database that nobody else works in. @returns how many rows it touched */
export async function runRows(
  closure: Closure,
  transactions: Transactions,
  pseudonym: Eraser['pseudonym'],
): Promise<number> {
  const { task, catalog, fields, persons } = closure;
  const run: ErasureRun = { transactions, task, catalog, fields, eraser: eraserOf(task, pseudonym), persons };
  await openProgress(transactions.db, task.work);
  const work = { unlink: emptyReferences, untie: emptyReferences, delete: deleteTables } as const;
  let touched = 0;
  for (const { kind, inputs } of rowSteps(closure)) {
    // Objects are those of the live platform.
    if (kind === 'rewrite') continue;
    const done =
      kind === 'change' ? await changeTable(run, inputs.tables[0] ?? '') : await work[kind](run, inputs);
    for (const name of ['emptied', 'changed', 'deleted', 'cascaded'])
      touched += typeof done[name] === 'number' ? done[name] : 0;
  }
  touched += await treatLate(run);
  await refreshCopies(run, [...new Set(closure.rows.map(({ table }) => table))]);
  return touched;
}
