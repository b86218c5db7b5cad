import type { Client } from '../../../base/postgres.ts';
import { assignedType } from '../../../platform/assigned-type.ts';
import { changePlatform, platformNames } from '../../../platform/change-rows.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { wholeAddressSql } from '../../identity/whole-address.ts';
import { keyEquals } from '../closure/key-equals.ts';
import type { RowAction, RowScope, Treatment } from '../closure/treatment.ts';
import { changeRow, type Eraser } from './change-row.ts';
import type { ErasedField } from './fields.ts';

/** A part of a work table. */
export interface Batch {
  /** SQL's name of the work table. */
  readonly work: string;
  /** Rows after this number, up to and with `until`. */
  readonly after: string;
  readonly until: string;
}

export interface ChangedRows {
  readonly changed: number;
  /** What stays, and why: by column. */
  readonly kept: readonly { readonly column: string; readonly reason: string; readonly rows: number }[];
}

export interface ChangeTask {
  readonly treatment: Treatment;
  readonly fields: readonly ErasedField[];
  readonly eraser: Eraser;
  /** Columns that lead to a person who is erased, for rows that others keep: emptied where they may be. */
  readonly detached: readonly DetachedReference[];
}

export interface DetachedReference {
  readonly columns: readonly string[];
  /** SQL over `t`: whether the reference leads to somebody who is erased. */
  readonly isTheirs: string;
}

/**
 * Takes the persons out of rows that stay, within the caller's transaction: reads them under a lock, and writes what
 * changed. Done again, it changes nothing more.
 */
export async function changeRows(db: Client, task: ChangeTask, batch: Batch): Promise<ChangedRows> {
  const { treatment, fields, eraser, detached } = task;
  const { key, table } = treatment;
  const columns = fields.map(({ column }) => `t.${quoteIdentifier(column)}::text`);
  const keys = key.map((name) => `t.${quoteIdentifier(name)}::text`);
  const halves = fields.flatMap(({ column, domain }) => (domain === undefined ? [] : { column, domain }));
  const wholes = halves.map(({ column, domain }) => wholeAddressSql(column, domain, 't'));
  const same = keyEquals(key, 't', 'w');
  const leads = detached.map(({ isTheirs }) => `coalesce(${isTheirs}, false)`);
  const { rows } = await db.query<{
    action: RowAction;
    scope: RowScope;
    key: string[];
    fields: (string | null)[];
    wholes: (string | null)[];
    leads: boolean[];
  }>(
    `select w.postern_action as action, w.postern_scope as scope, array[${keys.join(', ')}]::text[] as key,
       array[${columns.join(', ')}]::text[] as fields, array[${wholes.join(', ')}]::text[] as wholes, array[${leads.join(', ')}]::boolean[] as leads
     from ${batch.work} w join ${tableName(table.name)} t on ${same}
     where w.postern_seq > $1 and w.postern_seq <= $2 and w.postern_action in ('detach', 'redact', 'restrict')
     for update of t`,
    [batch.after, batch.until],
  );
  const kept = new Map<string, { column: string; reason: string; rows: number }>();
  const changes: { key: readonly string[]; values: ReadonlyMap<string, string | null> }[] = [];
  for (const row of rows) {
    const { action, scope } = row;
    const texts = byColumn(fields, row.fields);
    const change = changeRow(
      fields,
      texts,
      { action, scope, addresses: byColumn(halves, row.wholes) },
      eraser,
    );
    const values = new Map(change.values);
    if (action === 'detach') {
      for (const [index, reference] of detached.entries()) {
        if (row.leads[index] === true) for (const column of reference.columns) values.set(column, null);
      }
    }
    for (const { column, reason } of change.kept) {
      const id = `${column} ${reason}`;
      const known = kept.get(id) ?? { column, reason, rows: 0 };
      known.rows += 1;
      kept.set(id, known);
    }
    if (values.size > 0) changes.push({ key: row.key, values });
  }
  for (const some of byColumns(changes).values()) await write(db, treatment, some);
  return { changed: changes.length, kept: [...kept.values()] };
}

const byColumn = (columns: readonly { readonly column: string }[], texts: readonly (string | null)[]) =>
  Object.fromEntries(columns.map(({ column }, index) => [column, texts[index] ?? null]));

type Change = { readonly key: readonly string[]; readonly values: ReadonlyMap<string, string | null> };

/** Rows of which the same columns change: those that stay are not named, so that no trigger of theirs fires. */
function byColumns(changes: readonly Change[]): ReadonlyMap<string, readonly Change[]> {
  return Map.groupBy(changes, ({ values }) => JSON.stringify([...values.keys()].toSorted()));
}

async function write(
  db: Client,
  { table, relation, key }: Treatment,
  changes: readonly Change[],
): Promise<void> {
  const columns = [...(changes[0]?.values.keys() ?? [])].toSorted();
  const types = new Map(relation.columns.map((column) => [column.name, column]));
  const typeOf = (name: string) => types.get(name)?.type ?? 'text';
  const assigned = (name: string) => assignedType(types.get(name) ?? { type: 'text', baseType: 'text' });
  const keyColumns = key.map((name, index) => ({ sql: `n.k${index}::${typeOf(name)}`, name }));
  const set = columns.map((name, index) => `${quoteIdentifier(name)} = n.v${index}::${assigned(name)}`);
  const same = keyColumns.map(({ sql, name }) => `t.${quoteIdentifier(name)} = ${sql}`);
  const names = [...key.map((_, index) => `k${index}`), ...columns.map((_, index) => `v${index}`)];
  // One function each: unnest of several arrays is syntax, and no function of pg_catalog.
  const arrays = names.map((_, index) => `pg_catalog.unnest($${index + 1}::text[])`);
  await changePlatform(db, () =>
    db.query(
      `update ${tableName(table.name)} t set ${set.join(', ')}
     from rows from (${arrays.join(', ')}) as n(${names.join(', ')}) where ${platformNames} and ${same.join(' and ')}`,
      [
        ...key.map((_, index) => changes.map((change) => change.key[index])),
        ...columns.map((name) => changes.map(({ values }) => values.get(name) ?? null)),
      ],
    ),
  );
}
