import type { Queryable } from '../../../base/postgres.ts';
import type { Catalog } from '../../../platform/catalog/index.ts';
import { formatName, tableName as qualified } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { ownedSql } from '../../find/owned-sql.ts';
import type { ActiveHold, HoldMatcher } from '../../hold/index.ts';
import { parameters } from '../../identity/spots.ts';
import { type FreezeTask, isWritable } from './freeze.ts';
import type { Person } from './persons.ts';
import type { Treatment } from './treatment.ts';
import { workTable } from './work.ts';

/** Rows that a hold keeps. */
export interface HeldRows {
  readonly hold: number;
  readonly table: string;
  readonly rows: number;
}

/**
 * Marks the rows that holds keep, and every row that they need by a foreign key. Of a person, a hold keeps the rows
 * that are theirs; what others hold and only names them is not kept by it.
 */
export async function markHeld(
  db: Queryable,
  task: FreezeTask,
  { catalog, holds, persons }: { catalog: Catalog; holds: HoldMatcher; persons: readonly Person[] },
): Promise<readonly HeldRows[]> {
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
  return held;
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
  const same = key.map((name) => `t.${quoteIdentifier(name)} = w.${quoteIdentifier(name)}`).join(' and ');
  const { rowCount } = await db.query(
    `update ${workTable(work, number)} w set postern_action = 'hold' from ${qualified(table.name)} t where ${same} and ${where}`,
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
       where postern_seq > $1 order by postern_seq limit ${rowsAtOnce}`,
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

/** What a row that is kept refers to by a foreign key cannot go either; nor what that refers to. */
async function keepWhatTheyNeed(db: Queryable, task: FreezeTask, { foreignKeys }: Catalog): Promise<void> {
  for (let changed = 1; changed > 0; ) {
    changed = 0;
    for (const key of foreignKeys) {
      const from = task.treatments.get(formatName(key.schema, key.table));
      const to = task.treatments.get(formatName(key.referencedSchema, key.referencedTable));
      if (from === undefined || to === undefined || !isWritable(from) || !isWritable(to)) continue;
      const same = key.columns.map(
        (name, index) =>
          `p.${quoteIdentifier(key.referencedColumns[index] ?? '')} = c.${quoteIdentifier(name)}`,
      );
      const { rowCount } = await db.query(
        `update ${workTable(task.work, to.number)} p set postern_action = 'hold' from ${workTable(task.work, from.number)} c
         where c.postern_action = 'hold' and p.postern_action = 'delete' and ${same.join(' and ')}`,
      );
      changed += rowCount ?? 0;
    }
  }
}
