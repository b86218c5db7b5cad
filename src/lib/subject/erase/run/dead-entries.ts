import type { Queryable } from '../../../base/postgres.ts';
import type { Catalog } from '../../../platform/catalog/index.ts';
import { formatName } from '../../../platform/map/index.ts';
import { qualifiedName, quoteIdentifier } from '../../../platform/quote.ts';
import type { Batch } from '../change/change-rows.ts';
import type { FreezeTask } from '../closure/freeze.ts';
import type { Treatment } from '../closure/treatment.ts';
import { workTable } from '../closure/work.ts';
import type { Transactions } from './batches.ts';

/** Rows that went from a referring table for each that goes here, above which somebody has to go before. */
const many = 1000;

/**
 * What goes before a batch of deletes, in a transaction that locks no row. The check of a foreign key walks over the index
 * entries of referring rows that were just deleted, a million of them for one row, with that row locked, until VACUUM or a
 * reader has marked them as dead: this is that reader. Where an older transaction may still see those rows, none can.
 * @returns undefined where no table had so many rows, or where the deletes are part of a transaction of the caller's
 */
export async function deadEntriesPass(
  transactions: Transactions,
  { treatments, work }: FreezeTask,
  catalog: Catalog,
  treatment: Treatment,
): Promise<((batch: Batch) => Promise<void>) | undefined> {
  if (!transactions.areShort) return undefined;
  const { db } = transactions;
  const own = workTable(work, treatment.number);
  const deleted = await deletedOf(db, own);
  const reads: string[] = [];
  for (const key of catalog.foreignKeys) {
    const from = treatments.get(formatName(key.schema, key.table));
    const to = formatName(key.referencedSchema, key.referencedTable);
    if (to !== treatment.table.name || from === undefined || key.supportingIndex === null) continue;
    if ((await deletedOf(db, workTable(work, from.number))) <= many * deleted) continue;
    const same = key.columns.map(
      (name, index) =>
        `f.${quoteIdentifier(name)} = w.${quoteIdentifier(key.referencedColumns[index] ?? '')}`,
    );
    reads.push(`select count(f.*) from ${own} w left join ${qualifiedName(key.schema, key.table)} f on ${same.join(' and ')}
      where w.postern_seq > $1 and w.postern_seq <= $2 and w.postern_action = 'delete'`);
  }
  if (reads.length === 0) return undefined;
  return ({ after, until }) =>
    transactions.in(async () => {
      // Only a plain walk over the index marks its entries.
      for (const other of ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'])
        await db.query(`set local enable_${other} = off`);
      for (const read of reads) await db.query(read, [after, until]);
    });
}

async function deletedOf(db: Queryable, work: string): Promise<number> {
  const { rows } = await db.query<{ rows: number }>(
    `select count(*)::float8 as rows from ${work} where postern_action = 'delete'`,
  );
  return rows[0]?.rows ?? 0;
}
