import { refused, usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { canonicalName, formatName } from '../../platform/map/index.ts';
import { requireRights } from '../../platform/rights.ts';
import { isWritable } from '../erase/closure/freeze.ts';
import { rowCorrector } from './corrected-row.ts';
import type { Correction } from './correction.ts';
import type { Place } from './inputs.ts';
import { ledNowhere } from './led-nowhere.ts';
import { isSameDomain, type MadeColumn, madeColumns } from './made-columns.ts';
import { triggersOf } from './to-tell.ts';

/**
 * What stands in the way of a correction.
 * @throws {PosternError} exit 6, `rectify-blocked`, naming each column; `role-cannot-write`, `row-security`
 */
export async function requireCorrectable(
  db: Client,
  correction: Correction,
  places: readonly Place[],
): Promise<void> {
  const changed = places.filter(({ action }) => action === 'change');
  const own = changed.flatMap((place) => [
    ...writtenFor(correction, place).flatMap((column) => blocker(correction, { ...place, column })),
    ...(writtenFor(correction, place).length === 0
      ? [`${place.table}.${place.column} is made by the database from columns that hold no part of it`]
      : []),
    ...otherDomain(correction, place),
    ...unlistedTriggers(correction, place),
  ]);
  const [first, ...others] = [...new Set([...own, ...(await ledNowhere(db, correction, changed))])];
  if (first !== undefined) {
    throw refused(`this cannot be corrected here: ${first}`, { code: 'rectify-blocked', hints: others });
  }
  const written = new Map<string, readonly string[]>(
    [...Map.groupBy(changed, ({ table }) => table)].map(([table, some]) => [
      table,
      [...new Set(some.flatMap((place) => writtenFor(correction, place)))],
    ]),
  );
  // What triggers copy is corrected too.
  for (const { to } of triggersOf(correction, places)) {
    for (const table of to) {
      const treatment = correction.treatments.get(table);
      if (treatment === undefined || written.has(table)) continue;
      written.set(table, rowCorrector(correction, treatment).columns);
    }
  }
  const needs = [...written].flatMap(([table, columns]) =>
    columns.length === 0
      ? []
      : [
          { table, right: 'SELECT' } as const,
          ...columns.map((column) => ({ table, right: 'UPDATE', column }) as const),
        ],
  );
  await requireRights(db, needs);
}

/** The columns that are written so that this one is right. */
const writtenFor = (correction: Correction, place: Place): readonly string[] =>
  madeFrom(correction, place)?.from ?? [place.column];

function madeFrom(
  { change, treatments, resolving }: Correction,
  { table, column }: Place,
): MadeColumn | undefined {
  const treatment = treatments.get(table);
  if (change.kind === 'field' || treatment === undefined) return undefined;
  return madeColumns(treatment, resolving.graph.identities, change.of).find((one) => one.column === column);
}

/** A row of domains is not this person's. */
function otherDomain(correction: Correction, place: Place): readonly string[] {
  const { change } = correction;
  if (change.kind === 'field' || madeFrom(correction, place)?.isDomainElsewhere !== true) return [];
  const old = [...(change.old.get(change.of) ?? [])];
  if (old.every((name) => isSameDomain(name, change.to))) return [];
  return [
    `the domain of ${place.table}.${place.column} stands in another row, which is not only this person's: give the row another domain in the application`,
  ];
}

function blocker({ treatments, fields, catalog }: Correction, { table, column }: Place): readonly string[] {
  const name = `${table}.${column}`;
  const treatment = treatments.get(table);
  const keys = catalog.foreignKeys.filter(
    (key) =>
      (formatName(key.schema, key.table) === table && key.columns.includes(column)) ||
      (formatName(key.referencedSchema, key.referencedTable) === table &&
        key.referencedColumns.includes(column) &&
        key.onUpdate !== 'cascade'),
  );
  const hashes = (fields.get(table) ?? []).filter(({ hashOf }) => hashOf === column);
  return [
    ...(treatment?.key.includes(column) === true ? [`${name} is part of the primary key`] : []),
    ...keys.map((key) => `${name} is compared by the foreign key ${key.name}`),
    ...hashes.map(
      (hash) =>
        `${table}.${hash.column} is a keyed hash of ${column}, which only the application can make anew`,
    ),
  ];
}

/** What a trigger does with the old value has to be known. */
function unlistedTriggers({ treatments, resolving }: Correction, { table }: Place): readonly string[] {
  const listed = new Set(Object.keys(resolving.graph.model.map.triggers ?? {}).map(canonicalName));
  const { relation } = treatments.get(table) ?? {};
  if (relation === undefined) return [];
  return relation.triggers
    .filter(
      ({ enabled, events }) => enabled !== 'disabled' && enabled !== 'replica' && events.includes('update'),
    )
    .map(({ name }) => formatName(relation.schema, relation.name, name))
    .filter((name) => !listed.has(name))
    .map((name) => `the data map does not say what the trigger ${name} does`);
}

/** @throws {PosternError} exit 6, `role-cannot-write`: of every table has to be known whether what is wrong stands there */
export async function requireReadable(db: Client, { treatments }: Correction): Promise<void> {
  const tables = [...treatments.values()].filter(isWritable);
  await requireRights(
    db,
    tables.map(({ table }) => ({ table: table.name, right: 'SELECT' })),
  );
}

/**
 * A column that can be set: of rows of one person alone, a text, and no name of a person.
 * @throws {PosternError} exit 2, `rectify-field`
 */
export function requireField({ change, treatments, fields, resolving }: Correction): void {
  if (change.kind === 'name') return;
  const { table, column } = change;
  const fail = (why: string) => usageError(`${table}.${column} ${why}`, { code: 'rectify-field' });
  const treatment = treatments.get(table);
  const field = fields.get(table)?.find((one) => one.column === column);
  if (treatment === undefined || field === undefined)
    throw fail('is no field of the data map that can be written');
  if (treatment.table.entry.ownership !== 'exclusive')
    throw fail('stands in rows that belong to several persons or to others');
  if (field.form !== 'text' || field.paths.length > 0 || field.parser !== undefined)
    throw fail('is no plain text');
  const isSealed = treatment.table.fields.some(
    ([name, { encrypted, hmac }]) => name === column && (encrypted ?? hmac) !== undefined,
  );
  if (isSealed) throw fail('is encrypted or hashed: only the application can write it');
  if (field.identity !== undefined && resolving.graph.identities.has(field.identity.name)) {
    throw fail('is a name of the person: give the old one by --from, so that every copy changes');
  }
}
