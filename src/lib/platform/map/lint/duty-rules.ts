import type { MapRule, Spot } from './finding.ts';
import { at, isPersonal, type MapModel, type ModelTable } from './map-model.ts';

export const leftTodo: MapRule = {
  id: 'MAP11',
  severity: 'error',
  demand: 'nothing is left TODO',
  *check({ map }) {
    yield* todos(map, []);
  },
};

function* todos(value: unknown, path: readonly (string | number)[]): Iterable<Spot> {
  if (value === 'TODO') yield { path, message: `${String(path.at(-1))} is still TODO` };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* todos(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

export const noRetention: MapRule = {
  id: 'MAP20',
  severity: 'warning',
  demand: 'every table with personal data says how long rows are kept',
  *check(model) {
    for (const table of personalTables(model)) {
      if (table.entry.retention === undefined)
        yield { path: at(table), message: `${table.name} has no retention` };
    }
  },
};

export const noLegalBasis: MapRule = {
  id: 'MAP21',
  severity: 'warning',
  demand: 'every table with personal data has a legal basis',
  *check(model) {
    for (const table of personalTables(model)) {
      if (table.entry.legal_basis === undefined)
        yield { path: at(table), message: `${table.name} has no legal_basis` };
    }
  },
};

const personalTables = (model: MapModel): readonly ModelTable[] =>
  [...model.tables.values()].filter(({ fields }) => fields.some(([, field]) => isPersonal(field)));
