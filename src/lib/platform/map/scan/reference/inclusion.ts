import type { Client } from '../../../../base/postgres.ts';
import type { Catalog, Column, Relation } from '../../../catalog/index.ts';
import { qualifiedName, quoteIdentifier } from '../../../quote.ts';
import { type SampleLimits, sampledTable, sampleShare } from '../sample/read-sample.ts';
import { tableSize } from '../sample/table-size.ts';
import { unseenReason } from '../sample/unseen.ts';

export interface Inclusion {
  /** Different values that were looked up. */
  readonly values: number;
  readonly found: number;
}

/** Different values that are looked up. */
const mostValues = 1000;

/**
 * How many different values of a column another one has, compared by the server: no value leaves it.
 * @returns undefined where the server could not say in time, or may not
 */
export async function inclusion(
  db: Client,
  catalog: Catalog,
  {
    from,
    column,
    to,
    toColumn,
    fold,
    limits,
    time,
  }: {
    readonly from: Relation;
    readonly column: Column;
    readonly to: Relation;
    readonly toColumn: Column;
    readonly fold: boolean;
    readonly limits: SampleLimits;
    /** Milliseconds. */
    readonly time: number;
  },
): Promise<Inclusion | undefined> {
  const sampled = sampledTable(from, sampleShare(tableSize(from, catalog), limits));
  const name = quoteIdentifier(column.name);
  await db.query('begin read only');
  try {
    await db.query(`set local statement_timeout = ${time}`);
    const { rows } = await db.query<{ readonly values: string; readonly found: string }>(`
select count(*) as values, count(*) filter (where exists (
    select 1 from ${qualifiedName(to.schema, to.name)} as target where ${equal(toColumn, column, fold)})) as found
  from (select distinct ${name} as value from ${sampled} where ${name} is not null limit ${mostValues}) as one`);
    return { values: Number(rows[0]?.values), found: Number(rows[0]?.found) };
  } catch (error) {
    if (unseenReason(error) === undefined) throw error;
    return undefined;
  } finally {
    await db.query('rollback').catch(() => {});
  }
}

function equal(target: Column, column: Column, fold: boolean): string {
  const key = `target.${quoteIdentifier(target.name)}`;
  if (fold) {
    return `pg_catalog.lower(${key}::pg_catalog.text) = pg_catalog.lower(one.value::pg_catalog.text)`;
  }
  if (target.baseType === column.baseType) {
    return `${key} operator(${quoteIdentifier(target.operatorSchema ?? 'pg_catalog')}.=) one.value`;
  }
  const type = /^(?:smallint|integer|bigint)$/.test(target.baseType) ? 'int8' : 'text';
  return `${key}::pg_catalog.${type} = one.value::pg_catalog.${type}`;
}
