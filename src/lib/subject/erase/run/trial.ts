import { type Client, sqlState } from '../../../base/postgres.ts';
import type { Relation } from '../../../platform/catalog/index.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import type { Eraser } from '../change/change-row.ts';
import { changeRows } from '../change/change-rows.ts';
import type { ErasedField } from '../change/fields.ts';
import type { Closure } from '../closure/closure.ts';
import { isWritable } from '../closure/freeze.ts';
import { keyEquals } from '../closure/key-equals.ts';
import type { Treatment } from '../closure/treatment.ts';
import { workTable } from '../closure/work.ts';
import { detachedReferences } from './rows.ts';

/** Of each table, of which no value is longer than so many bytes: constraints treat all rows alike. */
const [mostRows, longestValue] = [50, 100_000];

const copy = 'pg_temp.postern_trial';

/**
 * Changes a few rows of each table in an empty copy of its definition, in the caller's transaction: what a constraint
 * forbids (UNIQUE, CHECK, NOT NULL, the length of a type) is told before anything is done, and not in the middle.
 * @returns a sentence for each table in which the map's rules do not fit the constraints; no value stands in it
 */
export async function refusedChanges(
  db: Client,
  { task, rows, fields }: Pick<Closure, 'task' | 'rows' | 'fields'>,
  eraser: Eraser,
): Promise<readonly string[]> {
  const changing = new Set(
    rows.flatMap(({ table, action, rows: count }) =>
      count > 0 && ['detach', 'redact', 'restrict'].includes(action) ? table : [],
    ),
  );
  const found: string[] = [];
  for (const name of changing) {
    task.signal.throwIfAborted();
    const treatment = task.treatments.get(name);
    if (treatment === undefined || !isWritable(treatment)) continue;
    const work = workTable(task.work, treatment.number);
    const detached = detachedReferences(task, treatment);
    const change = { treatment: copied(treatment), fields: fields.get(name) ?? [], eraser, detached };
    await db.query('savepoint trial');
    try {
      const until = await copyRows(db, treatment, work);
      await changeRows(db, change, { work, after: '0', until });
      found.push(...(await clashes(db, treatment, change.fields)));
    } catch (error) {
      const why = forbidden(error);
      if (why === undefined) throw error;
      found.push(`${name}: ${why}`);
    } finally {
      await db.query('rollback to savepoint trial; release savepoint trial');
    }
  }
  return found;
}

/** The same table by the name of the copy. */
const copied = (treatment: Treatment): Treatment => ({
  ...treatment,
  table: { ...treatment.table, name: copy },
});

const stored = ({ columns }: Relation): readonly string[] =>
  columns.filter(({ generated }) => generated === null).map(({ name }) => name);

/** @returns up to and with which row of the work table */
async function copyRows(db: Client, { table, relation, key }: Treatment, work: string): Promise<string> {
  await db.query(
    `create temporary table postern_trial (like ${tableName(table.name)} including constraints including generated including indexes) on commit drop`,
  );
  const own = stored(relation);
  const names = own.map(quoteIdentifier).join(', ');
  const short = own.map(
    (name) => `coalesce(pg_catalog.pg_column_size(t.${quoteIdentifier(name)}), 0) < ${longestValue}`,
  );
  const { rows } = await db.query<{ until: string }>(
    `with few as (
       select w.postern_seq, t.* from ${work} w join ${tableName(table.name)} t on ${keyEquals(key, 't', 'w')}
       where w.postern_action in ('detach', 'redact', 'restrict') and ${short.join(' and ')} order by w.postern_seq limit ${mostRows}
     ), put as (insert into ${copy} (${names}) select ${names} from few)
     select coalesce(max(postern_seq), 0)::text as until from few`,
  );
  return rows[0]?.until ?? '0';
}

/** Constants of the map that a row has already which stays as it is, as one from an earlier erasure. */
async function clashes(
  db: Client,
  { table, relation, key }: Treatment,
  fields: readonly ErasedField[],
): Promise<readonly string[]> {
  const constants = new Set(
    fields.flatMap(({ column, rule }) => (typeof rule === 'object' && 'replace' in rule ? column : [])),
  );
  const found: string[] = [];
  for (const { unique, predicate, expression, columns } of relation.indexes) {
    const own = columns.filter((column) => column !== null);
    if (!unique || predicate !== null || expression || !own.some((column) => constants.has(column))) continue;
    const { rows } = await db.query<{ is: boolean }>(
      `select exists (select from ${copy} c join ${tableName(table.name)} t on ${keyEquals(own, 't', 'c')}
         where not (${keyEquals(key, 't', 'c')})) as is`,
    );
    if (rows[0]?.is === true) found.push(`${table.name}: ${isUnique(own.join(', '))}`);
  }
  return found;
}

const isUnique = (columns: string): string =>
  `what the map puts in place of values may stand once only in (${columns}): say set-null or {redact: value} instead`;

interface Told {
  readonly constraint?: string;
  readonly column?: string;
  readonly detail?: string;
}

/** @returns undefined for what no constraint said */
function forbidden(error: unknown): string | undefined {
  const state = sqlState(error);
  const { constraint = 'the type of a column', column = 'a column', detail = '' } = error as Told;
  // The copy's index has another name; of its detail, only the columns are told.
  if (state === '23505') return isUnique(/^Key \((.*?)\)=/.exec(detail)?.[1] ?? '…');
  if (state === '23502') return `${column} would be emptied, and is NOT NULL`;
  if (state === '23514')
    return `what would stand in place of values is forbidden by ${constraint}: give what it checks another erase in the map`;
  if (state?.startsWith('22') === true || state === '23P01')
    return `what would stand in place of values does not fit ${constraint}`;
  return undefined;
}
