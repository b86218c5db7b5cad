import type { Relation } from '../../catalog/index.ts';
import { primaryKey, uniqueKeys } from '../../catalog/index.ts';
import type { CatalogModel } from './catalog-model.ts';
import type { CatalogRule, MapRule } from './finding.ts';
import { at, type MapModel, type ModelTable } from './map-model.ts';
import { sameType } from './type-name.ts';

export const unknownColumn: CatalogRule = {
  id: 'MAP02',
  severity: 'error',
  demand: 'every column that the map names is in the database',
  *check(model, catalog) {
    for (const { table, relation } of present(model, catalog)) {
      const known = new Set(relation.columns.map(({ name }) => name));
      for (const { column, path } of mentions(table)) {
        if (!known.has(column)) yield { path, message: `${table.name} has no column ${column}` };
      }
      for (const { index, toTable, toColumns } of table.references) {
        const target = catalog.relations.get(toTable);
        const absent = toColumns.filter((column) => target?.columns.every(({ name }) => name !== column));
        for (const column of absent) {
          yield { path: at(table, 'references', index, 'to'), message: `${toTable} has no column ${column}` };
        }
      }
    }
  },
};

export const typeMismatch: CatalogRule = {
  id: 'MAP03',
  severity: 'error',
  demand: 'every field has the type that the column has',
  *check(model, catalog) {
    for (const { table, relation } of present(model, catalog)) {
      for (const [name, { type }] of table.fields) {
        const column = relation.columns.find((candidate) => candidate.name === name);
        if (type === undefined || column === undefined) continue;
        if (sameType(type, column.type) || sameType(type, column.baseType)) continue;
        yield {
          path: at(table, 'fields', name, 'type'),
          message: `${name} is ${column.type} in the database, not ${type}`,
        };
      }
    }
  },
};

export const differentPrimaryKey: CatalogRule = {
  id: 'MAP04',
  severity: 'error',
  demand: 'the primary key is the database’s, in its order',
  *check(model, catalog) {
    for (const { table, relation } of present(model, catalog)) {
      const { primary_key: mapped } = table.entry;
      const actual = primaryKey(relation);
      if (mapped === undefined || relation.kind === 'materialised-view' || relation.kind === 'foreign-table')
        continue;
      const keys = actual === undefined ? uniqueKeys(relation) : [actual];
      if (keys.some((key) => JSON.stringify(mapped) === JSON.stringify(key))) continue;
      const what = actual === undefined ? 'has no primary key' : `has the primary key ${actual.join(', ')}`;
      yield { path: at(table, 'primary_key'), message: `${table.name} ${what}, not ${mapped.join(', ')}` };
    }
  },
};

export const missingPrimaryKey: MapRule = {
  id: 'MAP05',
  severity: 'error',
  demand: 'every mapped table has a primary key, by which its rows are found and erased',
  *check(model) {
    for (const table of model.tables.values()) {
      if (table.entry.primary_key === undefined) {
        yield {
          path: at(table),
          message: `${table.name} has no primary_key in the map: say what tells its rows apart; where nothing does, the table needs a column that does, as id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY`,
        };
      }
    }
  },
};

export const unmappedColumn: CatalogRule = {
  id: 'MAP22',
  severity: 'error',
  demand: 'every column of a mapped table is a field, a key, a reference, or listed as non_personal',
  *check(model, catalog) {
    for (const { table, column } of unmappedColumns(model, catalog)) {
      const { name, type } = column;
      yield { path: at(table), message: `the column ${name} (${type}) of ${table.name} is not in the map` };
    }
  },
};

/** The columns of mapped tables that the map does not mention. */
export function* unmappedColumns(
  model: MapModel,
  catalog: CatalogModel,
): Iterable<{ table: ModelTable; column: Relation['columns'][number] }> {
  for (const { table, relation } of present(model, catalog)) {
    for (const column of relation.columns) if (!table.columns.has(column.name)) yield { table, column };
  }
}

/** The mapped tables that the database has. */
export function* present(
  model: MapModel,
  { relations }: CatalogModel,
): Iterable<{ table: ModelTable; relation: Relation }> {
  for (const table of model.tables.values()) {
    const relation = relations.get(table.name);
    if (relation !== undefined) yield { table, relation };
  }
}

interface Mention {
  readonly column: string;
  readonly path: readonly (string | number)[];
}

function mentions(table: ModelTable): readonly Mention[] {
  const { entry, fields, references } = table;
  const retention = typeof entry.retention === 'object' ? entry.retention.from : undefined;
  return [
    ...(entry.primary_key ?? []).map((column, index) => ({ column, path: at(table, 'primary_key', index) })),
    ...(entry.tenant === undefined ? [] : [{ column: entry.tenant, path: at(table, 'tenant') }]),
    ...(retention === undefined ? [] : [{ column: retention, path: at(table, 'retention', 'from') }]),
    ...(entry.non_personal ?? []).map((column, index) => ({
      column,
      path: at(table, 'non_personal', index),
    })),
    ...references.flatMap(({ index, columns, entry: { when = {} } }) => [
      ...columns.map((column) => ({ column, path: at(table, 'references', index, 'column') })),
      ...Object.keys(when).map((column) => ({ column, path: at(table, 'references', index, 'when') })),
    ]),
    ...fields.flatMap(([column, { type, domain }]) => [
      ...(type === undefined ? [] : [{ column, path: at(table, 'fields', column) }]),
      ...(domain === undefined || domain.by !== undefined
        ? []
        : [{ column: domain.column, path: at(table, 'fields', column, 'domain') }]),
    ]),
  ];
}
