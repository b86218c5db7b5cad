import { formatName, parseColumnName } from '../name.ts';
import { endsOf } from './catalog-model.ts';
import { present } from './column-rules.ts';
import { hasOwnerOrHolder } from './erasure-rules.ts';
import type { CatalogRule, MapRule } from './finding.ts';
import {
  at,
  type MapModel,
  type ModelReference,
  type ModelTable,
  notOne,
  ownerReferences,
} from './map-model.ts';

export const referenceOutsideMap: MapRule = {
  id: 'MAP06',
  severity: 'error',
  demand: 'references lead to tables that are mapped or ignored, each to one table',
  *check(model) {
    for (const table of model.tables.values()) {
      for (const { index, toTable, toTables } of table.references) {
        const path = at(table, 'references', index, 'to');
        if (toTables.length > 1)
          yield { path, message: `one reference cannot lead to ${toTables.join(' and ')}` };
        else if (!isKnown(model, toTable))
          yield { path, message: `${toTable} is neither mapped nor ignored` };
      }
    }
  },
};

const isKnown = (model: MapModel, name: string): boolean =>
  model.tables.has(name) ||
  model.ignoredTables.has(name) ||
  [...model.ignoredSchemas].some((schema) => name.startsWith(`${formatName(schema)}.`));

export const ownershipCycle: MapRule = {
  id: 'MAP07',
  severity: 'error',
  demand: 'the path to a row’s owner never comes back; owner names the references that it takes',
  *check(model) {
    const reported = new Set<string>();
    for (const table of model.tables.values()) {
      const cycle = cycleThrough(model, table.name);
      if (cycle === undefined) continue;
      const id = cycle.toSorted().join(' ');
      if (reported.has(id)) continue;
      reported.add(id);
      yield {
        path: at(table, 'owner'),
        message: `the path to the owner goes round: ${[...cycle, table.name].join(' → ')}`,
      };
    }
  },
};

/** The tables on a way from this one back to itself; a reference of a table to itself (a tree) is none. */
function cycleThrough(model: MapModel, start: string): readonly string[] | undefined {
  const seen = new Set<string>();
  const walk = (name: string, way: readonly string[]): readonly string[] | undefined => {
    const table = model.tables.get(name);
    for (const { toTable } of table === undefined ? [] : ownerReferences(table)) {
      if (toTable === name) continue;
      if (toTable === start) return way;
      if (seen.has(toTable)) continue;
      seen.add(toTable);
      const found = walk(toTable, [...way, toTable]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
}

export const foreignKeyDrift: CatalogRule = {
  id: 'MAP28',
  severity: 'error',
  demand: 'the foreign keys of the map are those of the database',
  *check(model, catalog) {
    const keys = catalog.catalog.foreignKeys.map((key) => ({ key, ...endsOf(key) }));
    for (const { table } of present(model, catalog)) {
      const actual = keys.filter(({ from }) => from === table.name);
      const mapped = table.references.filter(({ entry }) => entry.kind === 'fk');
      for (const reference of mapped) {
        if (actual.some(({ key, to }) => isSame(reference, to, key.columns, key.referencedColumns))) continue;
        yield {
          path: at(table, 'references', reference.index),
          message: `the database has no foreign key from ${table.name} (${reference.columns.join(', ')}) to ${reference.toTable} (${reference.toColumns.join(', ')})`,
        };
      }
      for (const { key, to } of actual) {
        if (mapped.some((reference) => isSame(reference, to, key.columns, key.referencedColumns))) continue;
        yield {
          path: at(table, 'references'),
          message: `the foreign key ${key.name} from ${table.name} (${key.columns.join(', ')}) to ${to} is not in the map`,
        };
      }
    }
  },
};

export const changedOnDelete: CatalogRule = {
  id: 'MAP41',
  severity: 'error',
  demand: 'ON DELETE of a foreign key is as the map says, where it says so',
  *check(model, catalog) {
    for (const { table } of present(model, catalog)) {
      for (const reference of table.references) {
        const { on_delete: mapped } = reference.entry;
        if (mapped === undefined) continue;
        const keys = catalog.catalog.foreignKeys.filter((one) => {
          const { from, to } = endsOf(one);
          return from === table.name && isSame(reference, to, one.columns, one.referencedColumns);
        });
        const [key] = keys;
        // A foreign key that is not there is told by MAP28; the same one may be declared twice.
        if (key === undefined || keys.some(({ onDelete }) => onDelete === mapped)) continue;
        yield {
          path: at(table, 'references', reference.index, 'on_delete'),
          message: `ON DELETE of ${key.name} is ${key.onDelete} in the database, not ${mapped}`,
        };
      }
    }
  },
};

function isSame(
  { toTable, columns, toColumns }: ModelReference,
  to: string,
  from: readonly string[],
  referenced: readonly string[],
): boolean {
  const pairs = (one: readonly string[], other: readonly string[]): string =>
    JSON.stringify(
      one.map((column, index) => [column, other[index]]).toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
    );
  return toTable === to && pairs(columns, toColumns) === pairs(from, referenced);
}

export const blockingForeignKey: CatalogRule = {
  id: 'MAP23',
  severity: 'error',
  demand: 'no table outside the map can forbid the deletion of a mapped row',
  *check(model, { catalog }) {
    for (const key of catalog.foreignKeys) {
      const { from, to } = endsOf(key);
      const target = model.tables.get(to);
      if (target === undefined || model.tables.has(from)) continue;
      if (key.onDelete !== 'no-action' && key.onDelete !== 'restrict') continue;
      yield {
        path: at(target),
        message: `${from}, outside the map, forbids deletes from ${to} by its foreign key ${key.name} (${key.onDelete})`,
      };
    }
  },
};

export const ambiguousReference: MapRule = {
  id: 'MAP29',
  severity: 'error',
  demand: 'references that are called by name have one of their own, and owner names only those',
  *check(model) {
    for (const table of model.tables.values()) {
      const owners = table.entry.owner === undefined ? [] : [table.entry.owner].flat();
      for (const owner of owners) {
        const what = notOne(table, owner);
        if (what !== undefined)
          yield { path: at(table, 'owner'), message: `${table.name} has ${what}; as: gives one a name` };
      }
    }
  },
};

export const unfitHolder: MapRule = {
  id: 'MAP43',
  severity: 'error',
  demand:
    'held_by names columns that refer to this shared table, of tables whose rows have an owner elsewhere',
  *check(model) {
    for (const table of model.tables.values()) {
      const named = [table.entry.held_by ?? []].flat();
      const path = at(table, 'held_by');
      if (named.length > 0 && table.entry.ownership !== 'shared') {
        yield { path, message: `${table.name} is not shared: nobody has a share in its rows` };
        continue;
      }
      for (const name of named) {
        const { table: holder = '', column = '' } = parseColumnName(name) ?? {};
        const found = model.tables.get(holder);
        const referring = (found?.references ?? []).filter(
          ({ columns, toTable }) => toTable === table.name && columns.includes(column),
        );
        if (referring.length === 0) yield { path, message: `no reference of ${name} leads to ${table.name}` };
        else if (referring.every(({ entry }) => entry.path !== undefined))
          yield { path, message: `${name} is a document, whose values give nobody a share` };
        else if (found === undefined || !givesShares(model, found, table.name))
          yield { path, message: `rows of ${holder} belong to nobody, and give nobody a share` };
      }
    }
  },
};

/** An exclusive row is its owner's; a shared one is where it belongs to something else than what it holds, or is held itself. */
function givesShares(model: MapModel, table: ModelTable, held: string): boolean {
  const { ownership, held_by: heldBy } = table.entry;
  if (ownership !== 'shared') return ownership === 'exclusive';
  const owners = ownerReferences(table);
  if (owners.some(({ toTable }) => toTable === held)) return false;
  return heldBy !== undefined || hasOwnerOrHolder(model, table);
}
