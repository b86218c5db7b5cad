import type { Queryable } from '../../../base/postgres.ts';
import { qualifiedName } from '../../../platform/quote.ts';

/** Where the rows that an erasure is to treat are kept: in the platform's database, so that they go nowhere else. */
export interface Work {
  /** `pg_temp` while it is planned; else a schema that outlives the session, so that a killed run can go on. */
  readonly schema: string;
  /** In front of every name. */
  readonly prefix: string;
}

/** The schema of erasures that are being applied; each removes its tables at its end. */
export const workSchema = 'postern_work';

/** For a plan, or a rehearsal: gone with the session. */
export const temporaryWork: Work = { schema: 'pg_temp', prefix: 'postern_erase' };

/** Of a plan that is applied. */
export const workOf = (planId: string): Work => ({
  schema: workSchema,
  prefix: `erase_${planId.slice(0, 16)}`,
});

/** The work table of a table of the map, or of a role of its own: `names`, `objects`, `progress`, `unlink_3`. */
export function workTable({ schema, prefix }: Work, part: number | string): string {
  return qualifiedName(schema, `${prefix}_${part}`);
}

/** Makes the schema where it is missing; nobody else may look into it. */
export async function openWork(db: Queryable, { schema }: Work): Promise<void> {
  if (schema === 'pg_temp') return;
  const { rowCount } = await db.query('select from pg_catalog.pg_namespace where nspname = $1', [schema]);
  if (rowCount === 0) await db.query(`create schema ${schema}`);
}

/** Whether the rows were frozen: all of it is made in one transaction, and the names come last. */
export async function isFrozen(db: Queryable, work: Work): Promise<boolean> {
  const { rows } = await db.query<{ there: boolean }>(
    'select pg_catalog.to_regclass($1) is not null as there',
    [workTable(work, 'names')],
  );
  return rows[0]?.there === true;
}

/** Removes every table of this work. */
export async function dropWork(db: Queryable, work: Work): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    `select c.relname as name from pg_catalog.pg_class c
     where c.relnamespace = case when $1 = 'pg_temp' then pg_catalog.pg_my_temp_schema() else (select oid from pg_catalog.pg_namespace where nspname = $1) end
       and c.relkind = 'r' and pg_catalog.starts_with(c.relname, $2) order by 1`,
    [work.schema, `${work.prefix}_`],
  );
  if (rows.length === 0) return;
  await db.query(`drop table ${rows.map(({ name }) => qualifiedName(work.schema, name)).join(', ')}`);
}
