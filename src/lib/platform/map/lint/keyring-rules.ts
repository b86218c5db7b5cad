import { encryptedColumns } from '../encrypted-column.ts';
import { keyringColumns, keyringsOf } from '../keyring.ts';
import type { DataMap } from '../map-schema.ts';
import { canonicalName } from '../name.ts';
import type { CatalogRule, MapRule } from './finding.ts';

export const unknownKeyring: CatalogRule = {
  id: 'MAP32',
  severity: 'error',
  demand: 'every keyring is in the database, with a uuid as id and bytea as wrapped key',
  *check({ map }, { relations }) {
    for (const keyring of keyringsOf(map)) {
      const path = pathOf(map, keyring.table);
      const columns = relations.get(keyring.table)?.columns;
      if (columns === undefined) {
        yield { path, message: `the database has no table ${keyring.table}` };
        continue;
      }
      const types = new Map(columns.map(({ name, baseType }) => [name, baseType]));
      for (const column of keyringColumns(keyring).filter((name) => !types.has(name))) {
        yield { path, message: `${keyring.table} has no column ${column}` };
      }
      for (const [column, wanted] of [
        [keyring.id, 'uuid'],
        [keyring.wrapped, 'bytea'],
      ] as const) {
        const type = types.get(column);
        if (type === undefined || type === wanted) continue;
        yield { path, message: `${column} is ${type} in the database, not ${wanted}` };
      }
    }
  },
};

export const noKeyring: MapRule = {
  id: 'MAP33',
  severity: 'warning',
  demand: 'the key of a field in postern’s format stands in a keyring of the map',
  *check({ map }) {
    for (const { table, column, format, keyring } of encryptedColumns(map)) {
      if (format !== 'postern' || keyring !== undefined) continue;
      yield {
        path: fieldPath(map, table, column),
        message: `no keyring of the map holds the key of ${column}, so that it cannot be rotated`,
      };
    }
  },
};

export const keyringWithoutWay: MapRule = {
  id: 'MAP34',
  severity: 'error',
  demand: 'a field whose keyring has subjects says the way to its own, and no other does',
  *check({ map }) {
    for (const { table, column, keyring, subject } of encryptedColumns(map)) {
      if (keyring === undefined || (keyring.subject === undefined) === (subject.length === 0)) continue;
      const message =
        keyring.subject === undefined
          ? `${keyring.table} has no subjects, and ${column} has a way to one`
          : `${keyring.table} has a key for each subject, and ${column} no way to its own`;
      yield { path: fieldPath(map, table, column), message };
    }
  },
};

const pathOf = (map: DataMap, table: string): readonly string[] => [
  'keyrings',
  Object.keys(map.keyrings ?? {}).find((name) => canonicalName(name) === table) ?? table,
];

const fieldPath = (map: DataMap, table: string, column: string): readonly string[] => [
  'tables',
  Object.keys(map.tables).find((name) => canonicalName(name) === table) ?? table,
  'fields',
  column,
  'encrypted',
];
