import type { Relation } from '../../catalog/index.ts';
import { canonicalName } from '../name.ts';
import { type CatalogModel, nameOf } from './catalog-model.ts';
import type { CatalogRule, MapRule } from './finding.ts';
import { at, type MapModel } from './map-model.ts';

export const unknownTable: CatalogRule = {
  id: 'MAP01',
  severity: 'error',
  demand: 'every mapped table is in the database',
  *check(model, { relations }) {
    for (const table of model.tables.values()) {
      if (!relations.has(table.name))
        yield { path: at(table), message: `the database has no table ${table.name}` };
    }
  },
};

export const unmappedTable: CatalogRule = {
  id: 'MAP08',
  severity: 'error',
  demand: 'every table of the database is mapped, or ignored with a reason',
  *check(model, catalog) {
    for (const { kind, ...relation } of unmappedRelations(model, catalog)) {
      yield {
        path: ['tables'],
        message: `the ${kind} ${nameOf(relation)} is neither mapped nor ignored${storedCopy(kind)}`,
      };
    }
  },
};

/** What the database has and the map does not mention. */
export function* unmappedRelations(model: MapModel, { relations }: CatalogModel): Iterable<Relation> {
  for (const [name, relation] of relations) {
    // A partition follows its partitioned table, and an extension's tables are the extension's.
    if (relation.partitionOf !== null || relation.extension !== null) continue;
    if (!isCovered(model, name, relation.schema)) yield relation;
  }
}

const storedCopy = (kind: string): string =>
  kind === 'materialised-view' ? '; it stores a copy of what it reads' : '';

const isCovered = (model: MapModel, name: string, schema: string): boolean =>
  model.tables.has(name) ||
  model.ignoredTables.has(name) ||
  model.ignoredSchemas.has(schema) ||
  // Work tables of an erasure, which removes them at its end.
  schema === 'postern_work';

export const mappedAndIgnored: MapRule = {
  id: 'MAP09',
  severity: 'error',
  demand: 'no table is both mapped and ignored',
  *check(model) {
    for (const table of model.tables.values()) {
      if (model.ignoredTables.has(table.name)) {
        yield { path: at(table), message: `${table.name} is mapped and ignored as well` };
      }
    }
  },
};

export const ignoredNothing: CatalogRule = {
  id: 'MAP27',
  severity: 'warning',
  demand: 'what is ignored is in the database',
  *check({ map }, catalog) {
    for (const [index, item] of (map.ignore ?? []).entries()) {
      const what = missing(item, catalog);
      if (what !== undefined) yield { path: ['ignore', index], message: `the database has no ${what}` };
    }
  },
};

function missing(
  item: NonNullable<MapModel['map']['ignore']>[number],
  { catalog }: CatalogModel,
): string | undefined {
  if ('table' in item) {
    // A view may be ignored too, though nobody has to.
    const isThere = catalog.relations.some((relation) => nameOf(relation) === canonicalName(item.table));
    return isThere ? undefined : `table ${item.table}`;
  }
  if ('schema' in item && !catalog.schemas.some(({ name }) => name === item.schema))
    return `schema ${item.schema}`;
  return undefined;
}
