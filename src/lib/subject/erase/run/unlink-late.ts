import type { Catalog } from '../../../platform/catalog/index.ts';
import { changePlatform, platformNames } from '../../../platform/change-rows.ts';
import { formatName, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { emptiedColumns } from '../closure/foreign-keys.ts';
import { isWritable } from '../closure/freeze.ts';
import { keyEquals } from '../closure/key-equals.ts';
import type { Treatment } from '../closure/treatment.ts';
import { workTable } from '../closure/work.ts';
import { addTallies } from './batches.ts';
import type { ErasureRun } from './run.ts';

interface Refusal {
  readonly schema?: string;
  readonly table?: string;
}

/** The table of the map whose row stands in the way of a delete (SQLSTATE 23503). */
export function referringTable({ task }: ErasureRun, error: unknown): readonly string[] {
  const { schema, table } = error as Refusal;
  if (schema === undefined || table === undefined) return [];
  const name = formatName(schema, table);
  return task.treatments.has(name) ? [name] : [];
}

/**
 * Empties references of rows that came after the plan's own were emptied, and that stay: somebody has put in a row that
 * refers to one that goes, which would stand in its way for ever.
 * @param tables from which rows are being deleted
 * @param part which counts them
 */
export async function unlinkLate(run: ErasureRun, tables: readonly string[], part: string): Promise<void> {
  const { transactions, task, catalog } = run;
  for (const key of catalog.foreignKeys) {
    const to = task.treatments.get(formatName(key.referencedSchema, key.referencedTable));
    const from = task.treatments.get(formatName(key.schema, key.table));
    if (to === undefined || from === undefined || !tables.includes(to.table.name)) continue;
    const columns = isWritable(from) ? emptiedColumns(task, key, from.relation) : [];
    if (!key.enforced || columns.length === 0) continue;
    await transactions.in(async () => {
      const { rowCount } = await changePlatform(transactions.db, () =>
        transactions.db.query(unlinkSql(run, key, { from, to, columns })),
      );
      await addTallies(transactions.db, task.work, part, [
        { name: 'emptied', reason: '', rows: rowCount ?? 0 },
      ]);
    });
  }
}

function unlinkSql(
  { task: { work } }: ErasureRun,
  key: Catalog['foreignKeys'][number],
  {
    from,
    to,
    columns,
  }: { readonly from: Treatment; readonly to: Treatment; readonly columns: readonly string[] },
): string {
  const own = key.columns.map((name) => `f.${quoteIdentifier(name)}`).join(', ');
  const referred = key.referencedColumns.map((name) => `w.${quoteIdentifier(name)}`).join(', ');
  const set = columns.map((name) => `${quoteIdentifier(name)} = null`).join(', ');
  // Rows that go are deleted with what they say, and those on hold keep what they need.
  return `update ${tableName(from.table.name)} f set ${set} where ${platformNames}
    and (${own}) in (select ${referred} from ${workTable(work, to.number)} w where w.postern_action = 'delete')
    and not exists (select from ${workTable(work, from.number)} o where o.postern_action in ('delete', 'hold') and ${keyEquals(from.key, 'o', 'f')})`;
}
