import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { isoTime } from '../../state/iso-time.ts';
import { isWritable } from '../erase/closure/freeze.ts';
import { keyEquals } from '../erase/closure/key-equals.ts';
import { rowsOfTenant } from '../erase/closure/tenant-rows.ts';
import { lawOf, type RowAction, type Treatment } from '../erase/closure/treatment.ts';
import { waysToOwner } from '../erase/closure/ways.ts';
import { workTable } from '../erase/closure/work.ts';
import type { ErasureRun } from '../erase/run/run.ts';
import type { Recounted } from './results.ts';

/**
 * Counts what is there of a tenant, table by table, anew: rows that were to go and are there still, rows that nobody had
 * written down, and rows that are kept, with the law that keeps them and until when.
 */
export async function recountRows({
  transactions,
  task,
}: Pick<ErasureRun, 'transactions' | 'task'>): Promise<Pick<Recounted, 'tables' | 'left' | 'kept'>> {
  const { db, signal } = transactions;
  const treatments = [...task.treatments.values()].filter(isWritable);
  const all = new Set(treatments.map(({ table }) => table.name));
  const left: Recounted['left'][number][] = [];
  const kept: Recounted['kept'][number][] = [];
  for (const treatment of treatments) {
    signal.throwIfAborted();
    const { table } = treatment;
    const of = rowsOfTenant(treatment, task, waysToOwner(task, treatment, all));
    if (of === undefined) continue;
    const work = workTable(task.work, treatment.number);
    const found = await rowsWrittenDown(db, treatment, work);
    const unknown = await countOf(
      db,
      `${tableName(table.name)} t where ${of.where} and not exists (select from ${work} w where ${sameKey(treatment)})`,
    );
    const going = found.find(({ action }) => action === 'delete')?.rows ?? 0;
    if (unknown + going > 0) left.push({ table: table.name, rows: unknown + going });
    for (const row of found.filter(({ action }) => action !== 'delete')) {
      const law = row.action === 'law' ? (lawOf(table) ?? null) : null;
      kept.push({
        table: table.name,
        ...row,
        law,
        ...(law === null ? { firstUntil: null, lastUntil: null } : {}),
      });
    }
  }
  return { tables: treatments.length, left, kept };
}

interface WrittenDown {
  readonly action: RowAction;
  readonly rows: number;
  readonly firstUntil: string | null;
  readonly lastUntil: string | null;
}

/** Of the rows that were written down, those that are there; a row that does not say since when is kept without an end. */
async function rowsWrittenDown(
  db: Queryable,
  treatment: Treatment,
  work: string,
): Promise<readonly WrittenDown[]> {
  const { rows } = await db.query<WrittenDown>(
    `select action, rows, ${isoTime('first')} as "firstUntil", ${isoTime('last')} as "lastUntil" from (
       select w.postern_action as action, count(*)::float8 as rows, min(${until(treatment)}) as first,
         case when count(*) = count(${until(treatment)}) then max(${until(treatment)}) end as last
       from ${work} w join ${tableName(treatment.table.name)} t on ${sameKey(treatment)} group by 1) found order by action`,
  );
  return rows;
}

/** SQL over `t`: when the law lets a row go; null where the map does not tell. */
function until({ table }: Treatment): string {
  const { retention } = table.entry;
  const isTold =
    typeof retention === 'object' && retention.from !== undefined && retention.keep.startsWith('P');
  return isTold
    ? `t.${quoteIdentifier(retention.from ?? '')}::timestamptz + '${retention.keep}'::interval`
    : 'null::timestamptz';
}

const sameKey = ({ key }: Treatment): string => keyEquals(key, 'w', 't');

async function countOf(db: Queryable, from: string): Promise<number> {
  const { rows } = await db.query<{ rows: number }>(`select count(*)::float8 as rows from ${from}`);
  return rows[0]?.rows ?? 0;
}
