import { usageError } from '../../base/error.ts';
import { type Catalog, type CopyableTable, primaryKey, type Relation } from '../../platform/catalog/index.ts';
import { formatName } from '../../platform/map/index.ts';
import type { DatabaseSource } from '../context.ts';
import type { KeyringTable } from '../format/keyring-sql.ts';
import type { ZeroedColumn } from '../format/part-sql.ts';

/** A table with wrapped keys, and how they are left out of its own parts. */
export interface CapturedKeyring extends KeyringTable {
  readonly zeroed: readonly ZeroedColumn[];
}

const types: Readonly<Record<string, ZeroedColumn['type']>> = {
  bytea: 'bytea',
  text: 'text',
  'character varying': 'text',
};

/**
 * The tables of a database that hold wrapped keys, by their oid. A partitioned one is its partitions.
 * @throws {PosternError} exit 2: `keyring-missing` when the map names what the database lacks, `keyring-unfit` when the
 * keys cannot be kept apart
 */
export function keyringTables(
  { name, wrappedKeys }: DatabaseSource,
  catalog: Catalog,
  tables: readonly CopyableTable[],
): ReadonlyMap<number, CapturedKeyring> {
  const byName = new Map(
    catalog.relations.map((relation) => [formatName(relation.schema, relation.name), relation]),
  );
  const columns = new Map<number, Set<string>>();
  for (const { table, column } of wrappedKeys) {
    const root = byName.get(table);
    if (root === undefined || !root.columns.some((known) => known.name === column)) {
      throw usageError(
        `the data map of ${name} says that ${table}.${column} holds wrapped keys, and the database has none`,
        {
          code: 'keyring-missing',
          hints: ['mend the map: `postern map lint`'],
        },
      );
    }
    for (const { oid } of tables.filter((copied) => isUnder(copied.oid, root.oid, catalog)))
      columns.set(oid, (columns.get(oid) ?? new Set()).add(column));
  }
  return new Map(
    [...columns].map(([oid, found]) => {
      const relation = catalog.relations.find((known) => known.oid === oid);
      if (relation === undefined) throw new Error(`the catalog has no relation ${oid}`);
      return [oid, captured(relation, [...found])];
    }),
  );
}

function isUnder(oid: number, root: number, catalog: Catalog): boolean {
  if (oid === root) return true;
  const parent = catalog.inheritance.find(({ child, partition }) => child === oid && partition)?.parent;
  return parent !== undefined && isUnder(parent, root, catalog);
}

function captured(relation: Relation, columns: readonly string[]): CapturedKeyring {
  const { schema, name } = relation;
  const keyColumns = primaryKey(relation);
  if (keyColumns === undefined || keyColumns.some((column) => columns.includes(column)))
    throw unfit(`${schema}.${name}`, 'it has no primary key besides them');
  const zeroed = columns.map((column) => {
    const baseType = relation.columns.find((known) => known.name === column)?.baseType ?? '';
    const type = types[baseType.replace(/\(.*$/, '')];
    if (type === undefined)
      throw unfit(`${schema}.${name}.${column}`, `its type is ${baseType}, not bytea or text`);
    return { column, type };
  });
  return { schema, name, keyColumns, columns, zeroed };
}

function unfit(what: string, why: string): Error {
  return usageError(`the wrapped keys in ${what} cannot be kept apart from the other rows: ${why}`, {
    code: 'keyring-unfit',
    hints: ['without that, an erasure would take effect only when the last backup with the key is gone'],
  });
}
