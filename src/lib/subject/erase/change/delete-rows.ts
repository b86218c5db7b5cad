import { counted } from '../../../base/counted.ts';
import { refused } from '../../../base/error.ts';
import type { Client } from '../../../base/postgres.ts';
import { changePlatform, platformNames } from '../../../platform/change-rows.ts';
import { tableName } from '../../../platform/map/index.ts';
import { referredSql, referringSql } from '../../graph/join-sql.ts';
import type { PersonGraph } from '../../graph/person-graph.ts';
import { keyEquals } from '../closure/key-equals.ts';
import type { Treatment } from '../closure/treatment.ts';
import type { Batch } from './change-rows.ts';

export interface DeletedRows {
  readonly deleted: number;
  /** Rows that the database deleted with others that they referred to, in this batch or an earlier one. */
  readonly cascaded: number;
  /** Rows that somebody else deleted before. */
  readonly gone: number;
  /** Rows in which somebody else took a share meanwhile, who keeps them. */
  readonly shared: number;
}

/**
 * Deletes the rows of a batch by their whole key, within the caller's transaction.
 * @param cascading SQL over the work table's row `w`: whether it refers to a row that goes, and goes with it
 * @throws {PosternError} exit 6, `erase-not-kept`: the database keeps rows that it was told to delete
 */
export async function deleteRows(
  db: Client,
  treatment: Treatment,
  { graph, cascading }: { readonly graph: PersonGraph; readonly cascading: readonly string[] },
  batch: Batch,
): Promise<DeletedRows> {
  const { table, key } = treatment;
  const name = tableName(table.name);
  const same = keyEquals(key, 't', 'w');
  const range = `w.postern_seq > $1 and w.postern_seq <= $2 and w.postern_action = 'delete'`;
  const bounds = [batch.after, batch.until];
  const holders = graph.holders.get(table.name) ?? [];
  if (holders.length > 0) {
    // Somebody may have taken a share meanwhile: the lock keeps further ones out, and those that are there keep the row.
    await db.query(
      `select from ${name} t join ${batch.work} w on ${same} where ${range} for update of t`,
      bounds,
    );
  }
  const unheld = unheldSql(graph, treatment);
  const cascaded = await countCascaded(db, treatment, batch, cascading);
  const { rowCount } = await changePlatform(db, () =>
    db.query(
      `delete from ${name} t using ${batch.work} w where ${platformNames} and ${same} and ${range}${unheld}`,
      bounds,
    ),
  );
  const { rows } = await db.query<{ planned: number; left: number; kept: number }>(
    `select count(*)::float8 as planned, count(t.*)::float8 as left,
       (count(t.*) filter (where true${unheld}))::float8 as kept
     from ${batch.work} w left join ${name} t on ${same} where ${range}`,
    bounds,
  );
  const { planned = 0, left = 0, kept = 0 } = rows[0] ?? {};
  const deleted = rowCount ?? 0;
  if (kept > 0) throw notKept(table.name, kept);
  const gone = Math.max(0, planned - deleted - left - cascaded);
  return { deleted, cascaded, gone, shared: left };
}

/** SQL over `t`, behind another condition: whether nobody has a share in the row. */
export const unheldSql = (graph: PersonGraph, { table }: Treatment): string =>
  (graph.holders.get(table.name) ?? [])
    .map(
      ({ table: holder, reference }) =>
        ` and not exists (select from ${tableName(holder.name)} l where (${referringSql(reference, 'l')}) = (${referredSql(reference, 't')}))`,
    )
    .join('');

/** Rows of the batch that went before, with what they referred to. */
async function countCascaded(
  db: Client,
  { table, key }: Treatment,
  { work, after, until }: Batch,
  cascading: readonly string[],
): Promise<number> {
  if (cascading.length === 0) return 0;
  const { rows } = await db.query<{ rows: number }>(
    `select count(*)::float8 as rows from ${work} w
     where w.postern_seq > $1 and w.postern_seq <= $2 and w.postern_action = 'delete' and (${cascading.join(' or ')})
       and not exists (select from ${tableName(table.name)} t where ${keyEquals(key, 't', 'w')})`,
    [after, until],
  );
  return rows[0]?.rows ?? 0;
}

/**
 * Deletes rows of several tables that refer to each other, in one statement: PostgreSQL looks at the keys at its end.
 * @returns how many, of all tables
 * @throws {PosternError} exit 6, `erase-not-kept`
 */
export async function deleteTogether(
  db: Client,
  tables: readonly { readonly treatment: Treatment; readonly work: string }[],
): Promise<number> {
  const sameKey = (key: readonly string[]): string => keyEquals(key, 't', 'w');
  const parts = tables.map(
    ({ treatment: { table, key }, work }, index) =>
      `d${index} as (delete from ${tableName(table.name)} t using ${work} w where ${platformNames} and ${sameKey(key)} and w.postern_action = 'delete' returning 1)`,
  );
  const counts = tables.map((_, index) => `(select count(*) from d${index})`).join(' + ');
  const { rows } = await changePlatform(db, () =>
    db.query<{ deleted: number }>(`with ${parts.join(', ')} select (${counts})::float8 as deleted`),
  );
  for (const { treatment, work } of tables) {
    const { table, key } = treatment;
    const { rows: left } = await db.query<{ kept: number }>(
      `select count(*)::float8 as kept from ${tableName(table.name)} t join ${work} w on ${sameKey(key)} where w.postern_action = 'delete'`,
    );
    if ((left[0]?.kept ?? 0) > 0) throw notKept(table.name, left[0]?.kept ?? 0);
  }
  return rows[0]?.deleted ?? 0;
}

function notKept(table: string, rows: number): Error {
  return refused(`${table} keeps ${counted(rows, 'row')} that were deleted`, {
    code: 'erase-not-kept',
    hints: [
      `a trigger or a rule of ${table} puts them back, or only marks them: mend it, or say in the data map what it does`,
    ],
  });
}
