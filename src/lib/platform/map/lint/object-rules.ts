import { parseColumnName } from '../name.ts';
import { parseObjectKey } from '../object-key.ts';
import type { MapRule, Spot } from './finding.ts';
import { at, type MapModel, type ModelTable } from './map-model.ts';

export const unknownKeyColumn: MapRule = {
  id: 'MAP12',
  severity: 'error',
  demand: 'the template of an object key names columns of its table',
  *check(model) {
    for (const table of model.tables.values()) {
      for (const [name, { object }] of table.fields) {
        if (object === undefined) continue;
        const path = at(table, 'fields', name, 'object', 'key');
        const parts = parseObjectKey(object.key);
        if (parts === undefined) yield { path, message: `the braces of ${object.key} do not match` };
        else if (!parts.some((part) => 'column' in part))
          yield { path, message: `${object.key} is the same for every row` };
        for (const part of parts ?? []) {
          if (!('column' in part) || table.columns.has(part.column)) continue;
          yield {
            path,
            message: `${object.key} names ${part.column}, which is no column of ${table.name} in the map`,
          };
        }
      }
    }
  },
};

export const unknownDek: MapRule = {
  id: 'MAP13',
  severity: 'error',
  demand: 'an encrypted field names a mapped column that holds its data encryption key',
  *check(model) {
    for (const table of model.tables.values()) {
      for (const [name, { encrypted }] of table.fields) {
        if (encrypted === undefined) continue;
        const dek = parseColumnName(encrypted.dek);
        const isThere = dek !== undefined && model.tables.get(dek.table)?.columns.has(dek.column) === true;
        if (!isThere) {
          yield {
            path: at(table, 'fields', name, 'encrypted', 'dek'),
            message: `the map has no column ${encrypted.dek}`,
          };
        }
      }
    }
  },
};

export const unresolvedKeyOwner: MapRule = {
  id: 'MAP14',
  severity: 'error',
  demand:
    'the way from an encrypted field to the owner of its key exists, and the keys’ table refers to where it ends',
  *check(model) {
    for (const table of model.tables.values()) {
      for (const [name, { encrypted }] of table.fields) {
        if (encrypted?.by === undefined) continue;
        const path = at(table, 'fields', name, 'encrypted', 'by');
        yield* wayProblem(model, table, encrypted.by, encrypted.dek, path);
      }
    }
  },
};

function* wayProblem(
  model: MapModel,
  start: ModelTable,
  way: string,
  dek: string,
  path: Spot['path'],
): Iterable<Spot> {
  let name = start.name;
  for (const step of way.split('.')) {
    const steps = model.tables.get(name)?.references.filter((reference) => reference.name === step) ?? [];
    const [next] = steps;
    if (next === undefined || steps.length > 1) {
      const what = steps.length > 1 ? `${steps.length} references` : 'no reference';
      yield { path, message: `${name} has ${what} called ${step}` };
      return;
    }
    name = next.toTable;
  }
  const keys = parseColumnName(dek)?.table ?? '';
  const leadsThere =
    keys === name || model.tables.get(keys)?.references.some(({ toTable }) => toTable === name) === true;
  if (!leadsThere) yield { path, message: `${way} leads to ${name}, to which ${keys} has no reference` };
}
