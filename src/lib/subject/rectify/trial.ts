import { type Client, sqlState } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { keyEquals } from '../erase/closure/key-equals.ts';
import type { Treatment } from '../erase/closure/treatment.ts';
import { matchSql, parameters } from '../identity/spots.ts';
import { writeCorrected, wrongRows } from './correct-table.ts';
import { rowCorrector } from './corrected-row.ts';
import type { Correction } from './correction.ts';

const copy = 'pg_temp.postern_trial';
/** Rows with the new value already, of which one may stand in the way. */
const mostRows = 500;

/**
 * Corrects the first rows of each table in an empty copy of its definition, beside those that have the new value already:
 * what a constraint forbids (UNIQUE, CHECK, the length of a type) is told before anything changes, and not when half of
 * the person is corrected. Triggers are not in the copy.
 * @returns a sentence for each table that does not take the new value; no value stands in it
 */
export async function refusedValues(
  db: Client,
  correction: Correction,
  tables: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of tables) {
    correction.resolving.signal.throwIfAborted();
    const treatment = correction.treatments.get(name);
    if (treatment === undefined) continue;
    await db.query('begin');
    try {
      await tryTable(db, correction, treatment);
    } catch (error) {
      if (sqlState(error) === undefined) throw error;
      // What is no constraint's, such as the right to make a temporary table, says nothing of the value.
      const why = forbidden(error);
      if (why !== undefined) found.push(`${name} does not take the new value: ${why}`);
    } finally {
      await db.query('rollback');
    }
  }
  return found;
}

async function tryTable(db: Client, correction: Correction, treatment: Treatment): Promise<void> {
  const { table, relation, key } = treatment;
  const corrector = rowCorrector(correction, treatment);
  const rows = await wrongRows(db, correction, { treatment, corrector, isLocked: false });
  await db.query(
    `create temporary table postern_trial (like ${tableName(table.name)} including constraints including generated including indexes) on commit drop`,
  );
  const own = relation.columns.filter(({ generated }) => generated === null);
  const names = own.map(({ name }) => quoteIdentifier(name)).join(', ');
  const { values, add } = parameters();
  const types = new Map(relation.columns.map(({ name, type }) => [name, type]));
  const wrong = rows.map(
    (row) =>
      `(${key.map((name, index) => `t.${quoteIdentifier(name)} = ${add(row.key[index])}::${types.get(name) ?? 'text'}`).join(' and ')})`,
  );
  const put = `insert into ${copy} (${names}) select ${names} from ${tableName(table.name)} t where`;
  if (wrong.length > 0) await db.query(`${put} ${wrong.join(' or ')}`, values);
  await putRight(db, correction, treatment, put);
  const copied = { ...treatment, table: { ...table, name: copy } };
  for (const row of rows) await writeCorrected(db, { treatment: copied, corrector }, row);
}

/** Rows that have the new value already, whoever's they are. */
async function putRight(
  db: Client,
  { change, resolving: { graph, isUtf8 } }: Correction,
  { table, key }: Treatment,
  put: string,
): Promise<void> {
  const { values, add } = parameters();
  const has =
    change.kind === 'field'
      ? [`t.${quoteIdentifier(change.column)}::text = ${add(change.to)}`]
      : (graph.spots.get(table.name) ?? [])
          .filter(({ form }) => form === 'scalar')
          .flatMap(
            (spot) =>
              matchSql(spot, 't', new Map([[change.of, new Set([change.to])]]), { add, isUtf8 }) ?? [],
          );
  if (has.length === 0) return;
  const isThere = `exists (select from ${copy} c where ${keyEquals(key, 't', 'c')})`;
  await db.query(`${put} (${has.join(' or ')}) and not ${isThere} limit ${mostRows}`, values);
}

interface Told {
  readonly constraint?: string;
  readonly detail?: string;
}

/** @returns undefined for what no constraint said */
function forbidden(error: unknown): string | undefined {
  const state = sqlState(error);
  const { constraint = 'the type of a column', detail = '' } = error as Told;
  // The copy's index has another name; of its detail, which quotes the value, only the columns are told.
  if (state === '23505')
    return `it may stand once only in (${/^Key \((.*?)\)=/.exec(detail)?.[1] ?? '…'}), and another row has it, or would get it too`;
  if (state === '23514' || state === '23P01') return `${constraint} forbids it`;
  if (state?.startsWith('22') === true) return `it does not fit ${constraint}`;
  return undefined;
}
