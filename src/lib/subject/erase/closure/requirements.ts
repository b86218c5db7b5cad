import { counted } from '../../../base/counted.ts';
import { refused } from '../../../base/error.ts';
import type { Client } from '../../../base/postgres.ts';
import type { Catalog } from '../../../platform/catalog/index.ts';
import { type DataMap, lintDataMap } from '../../../platform/map/index.ts';
import type { Right } from '../../../platform/rights.ts';
import { type ErasedField, missingRule } from '../change/fields.ts';
import type { FrozenRows } from './counts.ts';
import type { InboundKey } from './foreign-keys.ts';
import type { FrozenObjects } from './objects.ts';
import type { Treatment } from './treatment.ts';
import { workSchema } from './work.ts';

/**
 * The map must say all that an erasure has to know of this database: each trigger, each foreign key, what becomes of
 * each field.
 * @throws {PosternError} exit 6, `map-incomplete`, with the first findings
 */
export function requireWholeMap(map: DataMap, catalog: Catalog): void {
  const errors = lintDataMap(map, catalog).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const shown = errors.slice(0, 5).map(({ rule, message }) => `${rule}: ${message}`);
  throw refused(`the data map has ${errors.length} errors, and what it does not know cannot be erased`, {
    code: 'map-incomplete',
    hints: [...shown, '`postern map lint` shows every one with its place'],
  });
}

/** What stands in the way of an erasure: a sentence each. */
export function blockers(found: {
  readonly keys: readonly InboundKey[];
  readonly changedKeys: readonly string[];
  readonly rows: readonly FrozenRows[];
  readonly treatments: ReadonlyMap<string, Treatment>;
  readonly fields: ReadonlyMap<string, readonly ErasedField[]>;
  readonly hasPseudonymKey: boolean;
  readonly objects: readonly FrozenObjects[];
  /** Names of those that the profile knows a store for. */
  readonly buckets: readonly string[];
}): readonly string[] {
  const { keys, rows, treatments, fields, hasPseudonymKey, objects, buckets } = found;
  return [
    ...found.changedKeys,
    ...objects.flatMap(({ bucket, objects: count }) =>
      buckets.includes(bucket)
        ? []
        : `${count} objects lie in the bucket ${bucket}, for which subjects.buckets names no store`,
    ),
    ...keys.flatMap(({ key, from, to, stay, outcome }) => {
      if (stay === 0) return [];
      const rule = `the foreign key ${key.name} of ${from}`;
      if (outcome === 'blocked') {
        return `${counted(stay, 'row')} of ${from} stay and refer to rows of ${to} that would go (${key.name}, which cannot be null): keep those with erase: redact, or let the rows of ${from} go`;
      }
      if (outcome === 'cascade') {
        return treatments.has(from)
          ? `${rule} would delete ${counted(stay, 'row')} that the plan keeps (ON DELETE CASCADE): the map and the database disagree whose they are`
          : `${rule} would delete ${counted(stay, 'row')}, and the map does not know the table (ON DELETE CASCADE)`;
      }
      return [];
    }),
    ...rows.flatMap(({ table, action, about }) => {
      if (about === 0 || action !== 'redact') return [];
      return (fields.get(table) ?? []).flatMap((field) => {
        const missing = missingRule(field);
        return missing === undefined ? [] : `${table}: ${missing}`;
      });
    }),
    ...rows.flatMap(({ table, action }) => {
      if (hasPseudonymKey || action === 'delete' || action === 'law' || action === 'hold') return [];
      const needs = (fields.get(table) ?? []).filter(({ rule, paths }) =>
        [rule, ...paths.map((path) => path.rule)].some(
          (one) => typeof one === 'object' && 'pseudonymise' in one,
        ),
      );
      return needs.map(
        ({ column }) => `${table}.${column} is to be pseudonymised, and subjects.pseudonym_keys names no key`,
      );
    }),
  ];
}

/**
 * @param hints what else may help
 * @throws {PosternError} exit 6, `erase-blocked`
 */
export function requireUnblocked(found: readonly string[], hints: readonly string[] = []): void {
  const [first, ...others] = [...new Set(found)];
  if (first === undefined) return;
  throw refused(`this cannot be erased as the data map has it: ${first}`, {
    code: 'erase-blocked',
    hints: [...others, ...hints],
  });
}

/** What the login that erases needs, for these rows. */
export function eraseRights(
  rows: readonly FrozenRows[],
  fields: ReadonlyMap<string, readonly ErasedField[]>,
): readonly Right[] {
  const rights = rows.flatMap(({ table, action }): readonly Right[] => {
    if (action === 'delete') {
      return [
        { table, right: 'SELECT' },
        { table, right: 'DELETE' },
      ];
    }
    if (action === 'law' || action === 'hold' || action === 'link') return [];
    return (fields.get(table) ?? []).map(({ column }) => ({ table, right: 'UPDATE', column }) as const);
  });
  return [
    ...new Map(
      rights.map((right) => [`${right.table} ${right.right} ${right.column ?? ''}`, right]),
    ).values(),
  ];
}

/** @throws {PosternError} exit 6, `role-cannot-write`: the login may not make the work tables */
export async function requireWorkSchema(db: Client): Promise<void> {
  const { rows } = await db.query<{ there: boolean; may: boolean; database: string; login: string }>(
    `select n.oid is not null as there, pg_catalog.current_database() as database, current_user as login,
       case when n.oid is null then pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
         else pg_catalog.has_schema_privilege(n.oid, 'CREATE') and pg_catalog.has_schema_privilege(n.oid, 'USAGE') end as may
     from (select) one left join pg_catalog.pg_namespace n on n.nspname = $1`,
    [workSchema],
  );
  const [found] = rows;
  if (found?.may === true) return;
  throw refused(
    `the login of platform.write_url cannot keep the rows of an erasure in schema ${workSchema}`,
    {
      code: 'role-cannot-write',
      hints: [`CREATE SCHEMA ${workSchema} AUTHORIZATION "${found?.login ?? 'ROLE'}"`],
    },
  );
}
