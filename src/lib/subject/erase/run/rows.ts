import { sqlState } from '../../../base/postgres.ts';
import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { changePlatform, platformNames } from '../../../platform/change-rows.ts';
import { formatName, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { referredSql, referringSql } from '../../graph/join-sql.ts';
import { validOwners } from '../../graph/person-graph.ts';
import { type Batch, changeRows, type DetachedReference } from '../change/change-rows.ts';
import { deleteRows, deleteTogether } from '../change/delete-rows.ts';
import { type FreezeTask, freezeRows, isWritable } from '../closure/freeze.ts';
import { keyEquals } from '../closure/key-equals.ts';
import type { Treatment } from '../closure/treatment.ts';
import { ownedAlone } from '../closure/ways.ts';
import { workTable } from '../closure/work.ts';
import type { StepInputs } from '../inputs.ts';
import { addTallies, inBatches, tallies } from './batches.ts';
import { copiedTo, requeueCameBack } from './came-back.ts';
import { deadEntriesPass } from './dead-entries.ts';
import type { ErasureRun } from './run.ts';
import { referringTable, unlinkLate } from './unlink-late.ts';

const treatmentOf = ({ task }: ErasureRun, table: string): Treatment => {
  const found = task.treatments.get(table);
  if (found === undefined) throw new TypeError(`no table ${table}`);
  return found;
};

const workOfTable = ({ task }: ErasureRun, { number }: Treatment): string => workTable(task.work, number);

/** Takes the persons out of the rows of a table that stay. */
export async function changeTable(run: ErasureRun, table: string): Promise<JsonObject> {
  const { transactions, task, fields, eraser } = run;
  const treatment = treatmentOf(run, table);
  const part = `change ${table}`;
  const change = {
    treatment,
    fields: fields.get(table) ?? [],
    eraser,
    detached: detachedReferences(task, treatment),
  };
  await inBatches(transactions, task.work, { part, table: workOfTable(run, treatment) }, async (batch) => {
    const { changed, kept } = await changeRows(transactions.db, change, batch);
    return { counts: { changed }, kept };
  });
  return tallies(transactions.db, task.work, part);
}

/** References of a shared row to owners that are the persons' alone, where they may be empty. */
export function detachedReferences(
  { graph, treatments, work }: FreezeTask,
  { table, relation, key }: Treatment,
): readonly DetachedReference[] {
  if (table.entry.ownership !== 'shared') return [];
  return validOwners(graph.model, table).flatMap((reference) => {
    const owner = treatments.get(reference.toTable);
    const canBeEmpty = reference.columns.every(
      (name) =>
        !key.includes(name) && relation.columns.find((column) => column.name === name)?.notNull === false,
    );
    if (owner === undefined || !isWritable(owner) || !canBeEmpty || reference.entry.path !== undefined)
      return [];
    const theirs = `select ${referredSql(reference, 'o')} from ${workTable(work, owner.number)} o where ${ownedAlone('o')}`;
    return [{ columns: reference.columns, isTheirs: `(${referringSql(reference, 't')}) in (${theirs})` }];
  });
}

/**
 * Empties references: of rows that stay and refer to rows that go (`part` names them), or of rows that go and refer to
 * each other.
 */
export async function emptyReferences(
  run: ErasureRun,
  { tables, part, columns = [] }: StepInputs,
): Promise<JsonObject> {
  const { transactions, task } = run;
  const treatment = treatmentOf(run, tables[0] ?? '');
  const work = part === undefined ? workOfTable(run, treatment) : workTable(task.work, part);
  const name = part ?? `untie ${treatment.table.name} ${columns.join(' ')}`;
  const same = keyEquals(treatment.key, 't', 'w');
  const set = columns.map((column) => `${quoteIdentifier(column)} = null`).join(', ');
  const isSet = columns.map((column) => `t.${quoteIdentifier(column)} is not null`).join(' or ');
  const going = part === undefined ? ` and w.postern_action = 'delete'` : '';
  await inBatches(transactions, task.work, { part: name, table: work }, async ({ after, until }) => {
    const { rowCount } = await changePlatform(transactions.db, () =>
      transactions.db.query(
        `update ${tableName(treatment.table.name)} t set ${set} from ${work} w
       where ${platformNames} and ${same} and w.postern_seq > $1 and w.postern_seq <= $2${going} and (${isSet})`,
        [after, until],
      ),
    );
    return { counts: { emptied: rowCount ?? 0 } };
  });
  return tallies(transactions.db, task.work, name);
}

/** How often rows that came meanwhile and hold others up are treated before the work stops. */
const mostRounds = 5;

/** Deletes the rows of a table; of several, all in one statement. */
export async function deleteTables(
  run: ErasureRun,
  { tables, whole = false }: StepInputs,
): Promise<JsonObject> {
  for (let round = 1; ; round += 1) {
    try {
      return await deleteOnce(run, tables, whole);
    } catch (error) {
      // Somebody has put in a row that refers to one that goes.
      if (sqlState(error) !== '23503' || round >= mostRounds) throw error;
      await treatLate(run, tables, referringTable(run, error));
      await unlinkLate(run, tables, deletePart(tables));
    }
  }
}

const deletePart = (tables: readonly string[]): string => `delete ${tables.join(' ')}`;

async function deleteOnce(run: ErasureRun, tables: readonly string[], isWhole: boolean): Promise<JsonObject> {
  const { transactions, task } = run;
  const treatments = tables.map((table) => treatmentOf(run, table));
  const [first] = treatments;
  if (first === undefined) return {};
  const part = deletePart(tables);
  if (treatments.length > 1) {
    const sources = treatments.map((treatment) => ({ treatment, work: workOfTable(run, treatment) }));
    const whole = { part, table: workOfTable(run, first), isWhole: true };
    await inBatches(transactions, task.work, whole, async () => ({
      counts: { deleted: await deleteTogether(transactions.db, sources) },
    }));
    return tallies(transactions.db, task.work, part);
  }
  const before = await deadEntriesPass(transactions, task, run.catalog, first);
  const cascading = cascadingTo(run, first);
  const options = { part, table: workOfTable(run, first), isWhole, before };
  await inBatches(transactions, task.work, options, async (batch: Batch) => ({
    counts: { ...(await deleteRows(transactions.db, first, { graph: task.graph, cascading }, batch)) },
  }));
  return tallies(transactions.db, task.work, part);
}

/** SQL over the work table's row `w`, for each foreign key by which the database deletes it with a row that goes. */
function cascadingTo({ task, catalog }: ErasureRun, { table }: Treatment): readonly string[] {
  return catalog.foreignKeys.flatMap((key) => {
    const to = task.treatments.get(formatName(key.referencedSchema, key.referencedTable));
    const isHere = formatName(key.schema, key.table) === table.name;
    if (!isHere || to === undefined || !key.enforced || key.onDelete !== 'cascade' || !isWritable(to))
      return [];
    const same = key.columns.map(
      (name, at) => `p.${quoteIdentifier(key.referencedColumns[at] ?? '')} = w.${quoteIdentifier(name)}`,
    );
    return `exists (select from ${workTable(task.work, to.number)} p where p.postern_action = 'delete' and ${same.join(' and ')})`;
  });
}

/**
 * Rows that came while others were treated, from the application or from triggers: until there are none.
 * @param except tables that are just being deleted from: what they own goes first
 * @param also tables in which rows of others are looked for too
 * @returns how many came
 */
export async function treatLate(
  run: ErasureRun,
  except: readonly string[] = [],
  also: readonly string[] = [],
): Promise<number> {
  const { transactions, task } = run;
  const { db } = transactions;
  for (let round = 1; round <= mostRounds; round += 1) {
    const { order, grown, came } = await transactions.in(async () => {
      const before = await sizes(run);
      const names = await freezeRows(db, { ...task, mentionsIn: new Set([...copiedTo(run), ...also]) });
      const after = await sizes(run);
      const rows = total(after) - total(before) + (await requeueCameBack(run));
      await addTallies(db, task.work, latePart, [{ name: 'rows', reason: '', rows }]);
      const more = names.filter((name) => (after.get(name) ?? 0) > (before.get(name) ?? 0));
      return { order: names, grown: more, came: rows };
    });
    // A hold keeps what came just now as well.
    await run.keepHeld?.();
    // Asked of the work tables, and not told by what came: an earlier run may have been killed in between.
    const changing = await pendingTables(run, order, 'change', order);
    const deleting = (await pendingTables(run, order, 'delete', grown)).filter(
      (name) => !except.includes(name),
    );
    for (const name of changing) await changeTable(run, name);
    for (const name of deleting.toReversed()) await deleteOnce(run, [name], false);
    if (came === 0) break;
  }
  const { rows = 0 } = await tallies(db, task.work, latePart);
  return typeof rows === 'number' ? rows : 0;
}

const latePart = 'late';

const total = (found: ReadonlyMap<string, number>): number =>
  [...found.values()].reduce((sum, rows) => sum + rows, 0);

const actionsOf = { change: `'detach', 'redact', 'restrict'`, delete: `'delete'` } as const;

/**
 * Tables with rows behind those that were treated, alone or together with others.
 * @param begun tables that count although nothing of them was treated before
 */
async function pendingTables(
  run: ErasureRun,
  order: readonly string[],
  kind: keyof typeof actionsOf,
  begun: readonly string[],
): Promise<readonly string[]> {
  const { db } = run.transactions;
  const { rows: parts } = await db.query<{ part: string; done: string }>(
    `select part, done from ${workTable(run.task.work, 'progress')}`,
  );
  const pending: string[] = [];
  for (const name of order) {
    const treatment = treatmentOf(run, name);
    if (!isWritable(treatment)) continue;
    const own = parts.filter(({ part }) => part.startsWith(`${kind} `) && part.split(' ').includes(name));
    // A table that is still to come by a step of its own waits for it.
    if (own.length === 0 && !begun.includes(name)) continue;
    const done = own.reduce((most, part) => (BigInt(part.done) > most ? BigInt(part.done) : most), 0n);
    const { rows } = await db.query<{ is: boolean }>(
      `select exists (select from ${workOfTable(run, treatment)} where postern_seq > $1 and postern_action in (${actionsOf[kind]})) as is`,
      [String(done)],
    );
    if (rows[0]?.is === true) pending.push(name);
  }
  return pending;
}

async function sizes(run: ErasureRun): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const [name, treatment] of run.task.treatments) {
    if (!isWritable(treatment)) continue;
    const { rows } = await run.transactions.db.query<{ rows: number }>(
      `select count(*)::float8 as rows from ${workOfTable(run, treatment)}`,
    );
    found.set(name, rows[0]?.rows ?? 0);
  }
  return found;
}
