import { setTimeout as wait } from 'node:timers/promises';
import { messageOf, partial, refused } from '../../base/error.ts';
import { type Client, sqlState } from '../../base/postgres.ts';
import { assignedType } from '../../platform/assigned-type.ts';
import type { Column } from '../../platform/catalog/index.ts';
import { beforeCommit, changePlatform, platformNames } from '../../platform/change-rows.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { Treatment } from '../erase/closure/treatment.ts';
import type { HoldMatcher } from '../hold/index.ts';
import { parameters } from '../identity/spots.ts';
import { type RowCorrector, rowCorrector } from './corrected-row.ts';
import type { Correction } from './correction.ts';
import { placesSql } from './places-sql.ts';

const batch = 500;
/** How often a lock that others hold is waited for, `lock_timeout` each time. */
const mostTries = 10;

/**
 * Corrects the rows of a table in short transactions, in the order of the key. What is right already is not found any
 * more: done again, it goes on with what is left.
 * @throws {PosternError} exit 6 `name-taken`: a unique index has the new value, `value-refused`: the database does not
 * take it; exit 7, `rectify-locked`
 */
export async function correctTable(
  db: Client,
  correction: Correction,
  treatment: Treatment,
  holds: HoldMatcher | undefined,
): Promise<CorrectedTable> {
  const counts: Record<string, number> = {};
  let held = 0;
  if (rowCorrector(correction, treatment).columns.length === 0) return { rows: counts, held };
  let after: readonly string[] | undefined;
  do {
    correction.resolving.signal.throwIfAborted();
    const done = await inTransaction(db, correction, () =>
      correctBatch(db, correction, { treatment, holds }, after),
    );
    for (const column of done.changed) counts[column] = (counts[column] ?? 0) + 1;
    held += done.held;
    after = done.last;
  } while (after !== undefined);
  return { rows: counts, held };
}

export interface CorrectedTable {
  /** That changed, by column. */
  readonly rows: Readonly<Record<string, number>>;
  /** Rows that a hold keeps as they are. */
  readonly held: number;
}

interface BatchDone {
  /** One for each row and column. */
  readonly changed: readonly string[];
  readonly held: number;
  /** The key of the last row; undefined at the end. */
  readonly last: readonly string[] | undefined;
}

async function correctBatch(
  db: Client,
  correction: Correction,
  { treatment, holds }: { readonly treatment: Treatment; readonly holds: HoldMatcher | undefined },
  after: readonly string[] | undefined,
): Promise<BatchDone> {
  const corrector = rowCorrector(correction, treatment);
  const rows = await wrongRows(db, correction, { treatment, corrector, isLocked: true }, after);
  const changed: string[] = [];
  let held = 0;
  for (const row of rows) {
    if ((holds?.ofRow(treatment.table.name, row.key) ?? []).length > 0) {
      held += 1;
      continue;
    }
    const written = await writeCorrected(db, { treatment, corrector }, row);
    changed.push(...written);
  }
  return { changed, held, last: rows.length < batch ? undefined : rows.at(-1)?.key };
}

/** A row in which something is wrong, in PostgreSQL's text form. */
interface WrongRow {
  readonly key: readonly string[];
  /** The corrector's columns, in their order. */
  readonly fields: readonly (string | null)[];
  readonly made: readonly (string | null)[];
}

/** The next rows that a correction changes, in the order of the key. */
export async function wrongRows(
  db: Client,
  correction: Correction,
  {
    treatment,
    corrector,
    isLocked,
  }: { readonly treatment: Treatment; readonly corrector: RowCorrector; readonly isLocked: boolean },
  after?: readonly string[],
): Promise<readonly WrongRow[]> {
  const { table, key } = treatment;
  const types = typesOf(treatment);
  const { values, add } = parameters();
  const sql = placesSql(correction, treatment, add);
  if (sql === undefined) return [];
  const keys = key.map((name) => `t.${quoteIdentifier(name)}`);
  const texts = corrector.columns.map((name) => `t.${quoteIdentifier(name)}::text`);
  const behind =
    after === undefined
      ? 'true'
      : `(${keys.join(', ')}) > (${key.map((name, index) => `${add(after[index])}::${types.get(name)?.type ?? 'text'}`).join(', ')})`;
  const isEverywhere = correction.everywhere && correction.change.kind === 'name';
  // Written so that every parameter is used in either case.
  const scope = `(${isEverywhere} or ${sql.owned})`;
  const { rows } = await db.query<WrongRow>(
    `select array[${keys.map((name) => `${name}::text`).join(', ')}]::text[] as key, array[${texts.join(', ')}]::text[] as fields,
       ${madeSql(corrector)} as made
     from ${tableName(table.name)} t
     where (${[...sql.columns.values()].join(' or ')}) and ${scope} and ${sql.ofTenant} and ${behind}
     order by ${keys.join(', ')} limit ${batch} ${isLocked ? 'for update of t' : ''}`,
    values,
  );
  return rows;
}

const typesOf = ({ relation }: Treatment) =>
  new Map(relation.columns.map((column) => [column.name, column] as const));

/** @returns the columns that changed */
export async function writeCorrected(
  db: Client,
  { treatment, corrector }: { readonly treatment: Treatment; readonly corrector: RowCorrector },
  { key, fields, made: before }: WrongRow,
): Promise<readonly string[]> {
  const row = Object.fromEntries(corrector.columns.map((name, index) => [name, fields[index] ?? null]));
  const corrected = corrector.correct(row, before);
  const types = typesOf(treatment);
  const made =
    corrected.size === 0 ? before : await write(db, { treatment, corrector, key, types }, corrected);
  const wrong = corrector.stillWrong(made);
  if (wrong !== undefined) throw notMade(`${treatment.table.name}.${wrong}`);
  return [...corrected.keys()];
}

interface WrittenRow {
  readonly treatment: Treatment;
  readonly corrector: RowCorrector;
  readonly key: readonly string[];
  /** Of the columns, as format_type writes them. */
  readonly types: ReadonlyMap<string, Pick<Column, 'type' | 'baseType'>>;
}

/** @returns what the database made of it, in the corrector's order */
async function write(
  db: Client,
  { treatment: { table, key: names }, corrector, key, types }: WrittenRow,
  corrected: ReadonlyMap<string, string | null>,
): Promise<readonly (string | null)[]> {
  const { values, add } = parameters();
  const typed = (name: string, value: string | null | undefined) =>
    `${quoteIdentifier(name)} = ${add(value)}::${assignedType(types.get(name) ?? { type: 'text', baseType: 'text' })}`;
  const set = [...corrected].map(([name, value]) => typed(name, value));
  const where = names.map((name, index) => typed(name, key[index]));
  const { rows } = await changePlatform(db, () =>
    db.query<{ made: (string | null)[] }>(
      `update ${tableName(table.name)} t set ${set.join(', ')} where ${platformNames} and ${where.join(' and ')}
       returning ${madeSql(corrector)} as made`,
      values,
    ),
  );
  return rows[0]?.made ?? [];
}

const madeSql = ({ made }: RowCorrector): string =>
  `array[${made.map((one) => one.sql('t')).join(', ')}]::text[]`;

const notMade = (column: string): Error =>
  refused(`${column} is made from columns that do not hold the halves of the name`, {
    code: 'rectify-made',
    hints: ['correct what it is made from in the application'],
  });

async function inTransaction<T>(
  db: Client,
  { resolving: { signal } }: Correction,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      await db.query('begin');
      const result = await work();
      await beforeCommit(db);
      await db.query('commit');
      return result;
    } catch (error) {
      await db.query('rollback').catch(() => {});
      const state = sqlState(error);
      if (state === '23505') throw taken();
      if (/^2[23]/.test(state ?? '')) throw notTaken(error);
      if (!['55P03', '40P01', '40001'].includes(state ?? '')) throw error;
      if (tries >= mostTries) {
        throw partial(`rows are locked by somebody else: ${messageOf(error)}`, {
          code: 'rectify-locked',
          cause: error,
          hints: ['see who in pg_stat_activity and pg_locks'],
        });
      }
      await wait(100 * tries, undefined, { signal });
    }
  }
}

/** A type, a check or a trigger of the platform. The server's own message may quote the value. */
function notTaken(cause: unknown): Error {
  const name = (cause as { readonly constraint?: unknown }).constraint;
  const by = typeof name === 'string' ? `the constraint ${name}` : `its type or a trigger`;
  return refused(`the database does not take the new value: ${by} forbids it (SQLSTATE ${sqlState(cause)})`, {
    code: 'value-refused',
  });
}

/** The server's own message quotes the value. */
const taken = (): Error =>
  refused('another row has the new value in a column that has to be unique', { code: 'name-taken' });
