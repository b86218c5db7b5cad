import type { MapField, MapTable } from '../map-schema.ts';
import { present } from './column-rules.ts';
import type { CatalogRule, MapRule, Spot } from './finding.ts';
import { at, isPersonal, type ModelTable } from './map-model.ts';

export const noErasure: MapRule = {
  id: 'MAP10',
  severity: 'error',
  demand: 'every field with personal data says how it is erased where its row stays',
  *check(model) {
    for (const table of model.tables.values()) {
      if (!rowsMayStay(table.entry)) continue;
      for (const [name, field] of table.fields) yield* withoutErasure(table, name, field);
    }
  },
};

/** Unless told, the rows of one owner go with that owner. */
function rowsMayStay({ ownership, erase }: MapTable): boolean {
  return erase === undefined ? ownership !== 'exclusive' : erase !== 'delete';
}

function* withoutErasure(table: ModelTable, name: string, field: MapField): Iterable<Spot> {
  // An object goes with its row, or stays with it.
  if (!isPersonal(field) || field.erase !== undefined || field.object !== undefined) return;
  const paths = Object.entries(field.paths ?? {});
  if (paths.length === 0) {
    yield { path: at(table, 'fields', name), message: `${name} holds personal data and has no erase` };
  }
  for (const [path, { erase }] of paths) {
    if (erase === undefined) {
      yield { path: at(table, 'fields', name, 'paths', path), message: `${path} of ${name} has no erase` };
    }
  }
}

export const noDetach: MapRule = {
  id: 'MAP19',
  severity: 'error',
  demand: 'a shared table says how one owner is taken out of a row that others keep',
  *check(model) {
    for (const table of model.tables.values()) {
      const { ownership, erase } = table.entry;
      if (ownership !== 'shared' || erase === 'TODO') continue;
      if (
        erase === undefined ||
        erase === 'delete' ||
        (typeof erase === 'object' && erase.else === undefined)
      ) {
        yield {
          path: at(table, ...(erase === undefined ? [] : ['erase'])),
          message: `${table.name} is shared: erase needs what becomes of a row that others keep, as in {when_last_owner: delete, else: detach}`,
        };
      }
    }
  },
};

export const unfittingErasure: MapRule = {
  id: 'MAP24',
  severity: 'error',
  demand: 'a form of erasing fits the type of its field',
  *check(model) {
    for (const table of model.tables.values()) {
      for (const [name, field] of table.fields) {
        const message = unfitting(field);
        if (message !== undefined) yield { path: at(table, 'fields', name), message: `${name}: ${message}` };
      }
    }
  },
};

function unfitting({ type = '', erase, paths, parser, encrypted, object }: MapField): string | undefined {
  const redact = typeof erase === 'object' && 'redact' in erase ? erase.redact : undefined;
  const isJson = /^jsonb?$/i.test(type);
  if (paths !== undefined && !isJson) return 'paths are for json and jsonb columns';
  if (redact === 'element' && !/\[\d*\]\s*$/.test(type)) return 'redact: element is for arrays';
  if (redact === 'node' && !isJson) return 'redact: node is for json and jsonb columns';
  if (object !== undefined && redact === 'address')
    return object.format === 'binary'
      ? 'redact: address needs an object whose format has addresses'
      : undefined;
  if (object !== undefined && redact !== undefined)
    return 'an object is rewritten by redact: address, or goes with its row';
  if (redact === 'address' && parser === undefined)
    return 'redact: address needs a parser that finds the addresses';
  if (erase === 'shred' && encrypted === undefined) return 'shred is for fields that are encrypted';
  return undefined;
}

export const nullNotAllowed: CatalogRule = {
  id: 'MAP30',
  severity: 'error',
  demand: 'set-null is only for columns that may be null',
  *check(model, catalog) {
    for (const { table, relation } of present(model, catalog)) {
      for (const [name, { erase }] of table.fields) {
        if (erase !== 'set-null') continue;
        if (relation.columns.find((column) => column.name === name)?.notNull !== true) continue;
        yield { path: at(table, 'fields', name, 'erase'), message: `${name} is NOT NULL in the database` };
      }
    }
  },
};
