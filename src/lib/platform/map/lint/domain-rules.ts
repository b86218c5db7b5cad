import type { MapField } from '../map-schema.ts';
import type { CatalogRule, MapRule } from './finding.ts';
import { at, domainOf, type MapModel, type ModelReference, type ModelTable, notOne } from './map-model.ts';

export const unfitDomain: MapRule = {
  id: 'MAP46',
  severity: 'error',
  demand: 'the domain of an address in halves stands in its row, or in one mapped row that it refers to',
  *check(model) {
    for (const { table, name, field } of halves(model)) {
      const message = unfit(model, table, field);
      if (message !== undefined)
        yield { path: at(table, 'fields', name, 'domain'), message: `${name}: ${message}` };
    }
  },
};

/** What the halves are made of, and what can be done with one of them. */
function unfit(model: MapModel, table: ModelTable, field: MapField): string | undefined {
  const { type = '', erase, domain } = field;
  if (!/^(?:text|citext|character|varchar|char|name)\b|\.citext$/i.test(type) || type.endsWith('[]'))
    return `one half of an address is text, not ${type}`;
  if (typeof erase === 'object' && 'pseudonymise' in erase)
    return 'a pseudonym stands for a whole address, not for one half';
  if (domain?.by === undefined) return undefined;
  const what = notOne(table, domain.by);
  if (what !== undefined) return `${table.name} has ${what}`;
  const { reference } = domainOf(table, field) ?? {};
  return reference !== undefined && leadsToOne(model, reference)
    ? undefined
    : `${domain.by} does not lead to one row of a mapped table: a foreign key does, and a soft reference without path, when or fold to a primary key`;
}

function leadsToOne({ tables }: MapModel, { entry, toTable, toColumns }: ModelReference): boolean {
  const target = tables.get(toTable);
  if (target === undefined) return false;
  if (entry.kind === 'fk') return true;
  const isPlain = (entry.path ?? entry.when ?? entry.fold ?? entry.prefix ?? entry.suffix) === undefined;
  return isPlain && target.entry.primary_key?.toSorted().join() === toColumns.toSorted().join();
}

export const unknownDomain: CatalogRule = {
  id: 'MAP47',
  severity: 'error',
  demand: 'the row that holds the domain of an address has the column for it',
  *check(model, { relations }) {
    for (const { table, name, field } of halves(model)) {
      const { reference, column = '' } = domainOf(table, field) ?? {};
      const target = relations.get(reference?.toTable ?? '');
      if (target === undefined || target.columns.some((one) => one.name === column)) continue;
      yield {
        path: at(table, 'fields', name, 'domain'),
        message: `${reference?.toTable} has no column ${column}`,
      };
    }
  },
};

function* halves(model: MapModel) {
  for (const table of model.tables.values()) {
    for (const [name, field] of table.fields) if (field.domain !== undefined) yield { table, name, field };
  }
}
