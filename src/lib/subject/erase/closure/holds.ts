import type { Queryable } from '../../../base/postgres.ts';
import type { Catalog } from '../../../platform/catalog/index.ts';
import { formatName, tableName as qualified } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { ownedSql } from '../../find/owned-sql.ts';
import { referredSql, referringSql } from '../../graph/join-sql.ts';
import { validOwners } from '../../graph/person-graph.ts';
import type { ActiveHold, HoldMatcher } from '../../hold/index.ts';
import { parameters } from '../../identity/spots.ts';
import { type FreezeTask, isWritable } from './freeze.ts';
import { keyEquals } from './key-equals.ts';
import type { Person } from './persons.ts';
import { personsOnHold } from './tenant-holds.ts';
import { isPlain, type Treatment } from './treatment.ts';
import { type Work, workTable } from './work.ts';

/** Rows that a hold keeps. */
export interface HeldRows {
  readonly hold: number;
  readonly table: string;
  readonly rows: number;
}

/**
 * Marks the rows that holds keep, and every row that they need by a foreign key. Of a person, a hold keeps the rows
 * that are theirs; what others hold and only names them is not kept by it.
 * @returns all that was marked so far, in this run and in those before it
 */
export async function markHeld(
  db: Queryable,
  task: FreezeTask,
  { catalog, holds, persons: own }: { catalog: Catalog; holds: HoldMatcher; persons: readonly Person[] },
): Promise<readonly HeldRows[]> {
  const persons = task.wholeTenant === true ? await personsOnHold(db, task, holds) : own;
  const held: HeldRows[] = [];
  const treatments = [...task.treatments.values()].filter(isWritable);
  for (const person of persons) {
    for (const hold of holds.ofPerson(person.known)) {
      for (const treatment of treatments) {
        const rows = await holdOfPerson(db, task, treatment, { hold, person });
        if (rows > 0) held.push({ hold: hold.number, table: treatment.table.name, rows });
      }
    }
  }
  for (const treatment of treatments.filter(({ table }) => holds.rowTables.has(table.name))) {
    held.push(...(await holdOfRows(db, task, treatment, holds)));
  }
  if (held.length > 0) await keepWhatTheyNeed(db, task, catalog);
  await noteHeld(db, task.work, held);
  return heldSoFar(db, task.work);
}

/** Beside the rows, and in their transaction: a run that is killed behind it would tell nobody which hold keeps them. */
async function noteHeld(db: Queryable, work: Work, held: readonly HeldRows[]): Promise<void> {
  const table = workTable(work, 'held');
  await db.query(
    `create table if not exists ${table} (hold bigint not null, tbl text not null, rows bigint not null, primary key (hold, tbl))`,
  );
  for (const { hold, table: name, rows } of held) {
    await db.query(
      `insert into ${table} as h values ($1, $2, $3) on conflict (hold, tbl) do update set rows = h.rows + excluded.rows`,
      [hold, name, rows],
    );
  }
}

/** How many rows of which table each hold keeps from an erasure. */
export async function heldSoFar(db: Queryable, work: Work): Promise<readonly HeldRows[]> {
  const table = workTable(work, 'held');
  const { rows: there } = await db.query<{ is: boolean }>(
    'select pg_catalog.to_regclass($1) is not null as is',
    [table],
  );
  if (there[0]?.is !== true) return [];
  const { rows } = await db.query<HeldRows>(
    `select hold::float8 as hold, tbl as "table", rows::float8 as rows from ${table} order by hold, tbl collate "C"`,
  );
  return rows;
}

async function holdOfPerson(
  db: Queryable,
  task: FreezeTask,
  treatment: Treatment,
  { hold, person }: { readonly hold: ActiveHold; readonly person: Person },
): Promise<number> {
  const { table } = treatment;
  if (hold.tables !== null && !hold.tables.includes(table.name)) return 0;
  const { values, add } = parameters();
  const owned = ownedSql({ graph: task.graph, roots: person.roots, add }, table, 't');
  if (owned === undefined) return 0;
  const { tenant } = table.entry;
  const ofTenant =
    hold.tenant === null || tenant === undefined
      ? ''
      : ` and t.${quoteIdentifier(tenant)}::text = ${add(hold.tenant)}`;
  return mark(db, task, treatment, `${owned}${ofTenant}`, values);
}

async function mark(
  db: Queryable,
  { work }: FreezeTask,
  { table, number, key }: Treatment,
  where: string,
  values: readonly unknown[],
): Promise<number> {
  const same = keyEquals(key, 't', 'w');
  const { rowCount } = await db.query(
    `update ${workTable(work, number)} w set postern_action = 'hold' from ${qualified(table.name)} t
     where w.postern_action <> 'hold' and ${same} and ${where}`,
    [...values],
  );
  return rowCount ?? 0;
}

const rowsAtOnce = 10_000;

/** Which rows single holds are on is told by hashes of their keys: every key is looked at. */
async function holdOfRows(
  db: Queryable,
  { work, signal }: FreezeTask,
  { table, number, key }: Treatment,
  holds: HoldMatcher,
): Promise<readonly HeldRows[]> {
  const counts = new Map<number, number>();
  const keyText = key.map((name) => `${quoteIdentifier(name)}::text`).join(', ');
  for (let after = '0'; ; ) {
    signal.throwIfAborted();
    const { rows } = await db.query<{ seq: string; key: string[] }>(
      `select postern_seq as seq, array[${keyText}] as key from ${workTable(work, number)}
       where postern_seq > $1 and postern_action <> 'hold' order by postern_seq limit ${rowsAtOnce}`,
      [after],
    );
    const held = rows.map(({ seq, key: own }) => ({ seq, holds: holds.ofRow(table.name, own) }));
    const marked = held.filter((row) => row.holds.length > 0);
    for (const row of marked) {
      for (const hold of row.holds) counts.set(hold.number, (counts.get(hold.number) ?? 0) + 1);
    }
    await db.query(
      `update ${workTable(work, number)} set postern_action = 'hold' where postern_seq = any($1::bigint[])`,
      [marked.map(({ seq }) => seq)],
    );
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsAtOnce) break;
    after = last.seq;
  }
  return [...counts].map(([hold, rows]) => ({ hold, table: table.name, rows }));
}

/**
 * What a row that is kept refers to by a foreign key cannot go either; and its owner stays, or nobody would find it again
 * once the hold is released.
 */
async function keepWhatTheyNeed(db: Queryable, task: FreezeTask, { foreignKeys }: Catalog): Promise<void> {
  const { graph, treatments } = task;
  const enforced = foreignKeys.map((key) => ({
    from: formatName(key.schema, key.table),
    to: formatName(key.referencedSchema, key.referencedTable),
    same: key.columns
      .map((name, at) => `p.${quoteIdentifier(key.referencedColumns[at] ?? '')} = c.${quoteIdentifier(name)}`)
      .join(' and '),
  }));
  const owners = [...graph.model.tables.values()].flatMap((table) =>
    validOwners(graph.model, table)
      .filter(isPlain)
      .map((reference) => ({
        from: table.name,
        to: reference.toTable,
        same: `(${referredSql(reference, 'p')}) = (${referringSql(reference, 'c')})`,
      })),
  );
  for (let changed = 1; changed > 0; ) {
    changed = 0;
    for (const { from, to, same } of [...enforced, ...owners]) {
      const child = treatments.get(from);
      const parent = treatments.get(to);
      if (child === undefined || parent === undefined || !isWritable(child) || !isWritable(parent)) continue;
      const { rowCount } = await db.query(
        `update ${workTable(task.work, parent.number)} p set postern_action = 'hold' from ${workTable(task.work, child.number)} c
         where c.postern_action = 'hold' and p.postern_action = 'delete' and ${same}`,
      );
      changed += rowCount ?? 0;
    }
  }
}
