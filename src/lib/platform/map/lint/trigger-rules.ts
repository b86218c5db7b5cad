import type { Relation } from '../../catalog/index.ts';
import { canonicalName, formatName, parseName } from '../name.ts';
import { nameOf } from './catalog-model.ts';
import { present } from './column-rules.ts';
import type { CatalogRule, MapRule } from './finding.ts';
import { at, type MapModel, type ModelTable } from './map-model.ts';

export const unlistedTrigger: CatalogRule = {
  id: 'MAP15',
  severity: 'error',
  demand: 'every trigger on a mapped table is listed with its effect, as a change to a row sets it off',
  *check(model, catalog) {
    const listed = new Set(Object.keys(model.map.triggers ?? {}).map(canonicalName));
    const byOid = new Map(catalog.catalog.relations.map((relation) => [relation.oid, relation]));
    for (const relation of catalog.relations.values()) {
      const table = model.tables.get(nameOf(relation)) ?? mappedAncestor(model, byOid, relation);
      if (table === undefined) continue;
      for (const { name, inherited, enabled } of relation.triggers) {
        const full = formatName(relation.schema, relation.name, name);
        if (inherited || listed.has(full)) continue;
        yield {
          path: at(table),
          message: `the trigger ${full} is not listed${enabled === 'disabled' ? ' (it is disabled now)' : ''}`,
        };
      }
    }
  },
};

/** The mapped partitioned table that this is a partition of, at any depth. */
function mappedAncestor(
  model: MapModel,
  byOid: ReadonlyMap<number, Relation>,
  { partitionOf }: Relation,
): ModelTable | undefined {
  const parent = partitionOf === null ? undefined : byOid.get(partitionOf);
  return parent === undefined
    ? undefined
    : (model.tables.get(nameOf(parent)) ?? mappedAncestor(model, byOid, parent));
}

export const rewriteRule: CatalogRule = {
  id: 'MAP31',
  severity: 'error',
  demand: 'no rewrite rule turns a DELETE or UPDATE of a mapped table into something else',
  *check(model, catalog) {
    for (const { table, relation } of present(model, catalog)) {
      for (const { name, event, enabled } of relation.rules) {
        if (event === 'insert' || event === 'select' || enabled === 'disabled') continue;
        yield { path: at(table), message: `the rule ${name} rewrites every ${event} of ${table.name}` };
      }
    }
  },
};

export const unknownTrigger: CatalogRule = {
  id: 'MAP16',
  severity: 'error',
  demand: 'every listed trigger is in the database',
  *check({ map }, { relations }) {
    for (const key of Object.keys(map.triggers ?? {})) {
      const [schema = '', table = '', trigger = ''] = parseName(key) ?? [];
      const isThere = relations.get(formatName(schema, table))?.triggers.some(({ name }) => name === trigger);
      if (isThere !== true) yield { path: ['triggers', key], message: `the database has no trigger ${key}` };
    }
  },
};

export const triggerOutsideMap: MapRule = {
  id: 'MAP26',
  severity: 'error',
  demand: 'what a trigger writes personal data to is mapped',
  *check(model) {
    for (const [key, { to = [], effect }] of Object.entries(model.map.triggers ?? {})) {
      if (effect === 'none' || effect === 'changes-row') continue;
      for (const target of [to].flat()) {
        if (model.tables.has(canonicalName(target))) continue;
        yield { path: ['triggers', key, 'to'], message: `${target}, to which ${key} writes, is not mapped` };
      }
    }
  },
};
