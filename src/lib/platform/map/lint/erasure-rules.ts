import type { MapField, MapTable } from '../map-schema.ts';
import { present } from './column-rules.ts';
import type { CatalogRule, MapRule, Spot } from './finding.ts';
import { namesIn, topsOf } from './identity-rules.ts';
import {
  at,
  isPersonal,
  type MapModel,
  type ModelReference,
  type ModelTable,
  ownerReferences,
} from './map-model.ts';

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

export const unsaidAbout: MapRule = {
  id: 'MAP44',
  severity: 'warning',
  demand:
    'a name of somebody else than the owner, beside other personal data, says whether the row is about whom it names',
  *check(model) {
    for (const table of model.tables.values()) {
      const isOwned = ownerReferences(table).some(({ toTable }) => model.tables.has(toTable));
      if (table.entry.ownership !== 'exclusive' || !isOwned) continue;
      const beside = leftBeside(table);
      for (const [name, { parser, about }] of table.fields) {
        const isList = parser === 'address-list' || parser === 'vcard';
        if (about === undefined && isList && beside.length > 0)
          yield unsaid(table, name, `${listed(beside)} of the row stay`);
      }
      for (const name of namesOfOthers(model, table)) {
        if (table.entry.fields?.[name]?.about !== undefined) continue;
        if (beside.length > 0) yield unsaid(table, name, `${listed(beside)} of the row go too`);
        else yield* unsaidByParts(model, table, name);
      }
    }
  },
};

const listed = (names: readonly string[]): string => names.join(', ');

const unsaid = (table: ModelTable, name: string, what: string): Spot => ({
  path: at(table, 'fields', name),
  message: `where ${name} names a person, ${what}: say about: true where the row is about that person, as an entry of an address book is, else about: false`,
});

/** A row with an address that belongs to one with the name and the birthday. */
function* unsaidByParts(model: MapModel, table: ModelTable, name: string): Iterable<Spot> {
  for (const reference of ownerReferences(table)) {
    const whole = model.tables.get(reference.toTable);
    if (whole?.entry.ownership !== 'exclusive' || topsOf(model, whole).includes(whole)) continue;
    const beside = leftBeside(whole);
    if (beside.length === 0) continue;
    yield {
      path: at(table, 'fields', name),
      message: `where ${name} names a person, ${listed(beside)} of ${whole.name} stay: say about: {by: ${reference.name}} where that row is about that person too, else about: false`,
    };
  }
}

/** Names in rows of somebody whose own is not among them: of the same kind of person, it would be a further one of theirs. */
function namesOfOthers(model: MapModel, table: ModelTable): readonly string[] {
  const subjectsIn = ({ entry }: ModelTable, names: readonly string[]) =>
    names.map((name) => entry.fields?.[name]?.identity?.split('.')[0]);
  const tops = topsOf(model, table);
  const own = new Set(tops.flatMap((top) => subjectsIn(top, namesIn(top))));
  const names = namesIn(table);
  return tops.includes(table) || subjectsIn(table, names).some((subject) => own.has(subject)) ? [] : names;
}

const leftBeside = ({ fields }: ModelTable): readonly string[] =>
  fields.flatMap(([name, field]) => (isLeftBeside(field) ? name : []));

/** What an erasure leaves in a row that only names the person. */
const isLeftBeside = (field: MapField): boolean =>
  isPersonal(field) &&
  [field, ...Object.values(field.paths ?? {})].every(
    ({ identity, parser, erase }) => (identity ?? parser ?? erase) === undefined,
  ) &&
  (field.encrypted ?? field.hmac ?? field.object) === undefined;

export const ownedByNobody: MapRule = {
  id: 'MAP45',
  severity: 'warning',
  demand: 'rows of a shared table with personal data belong to somebody, or are held',
  *check(model) {
    for (const table of model.tables.values()) {
      const { ownership, held_by: heldBy } = table.entry;
      if (ownership !== 'shared' || heldBy !== undefined) continue;
      if (!table.fields.some(([, field]) => isPersonal(field)) || hasOwnerOrHolder(model, table)) continue;
      yield {
        path: at(table, 'ownership'),
        message: `${table.name} is shared, and nobody has a share in its rows: they are never deleted; say owner or held_by, or third-party`,
      };
    }
  },
};

/** Whether a row of this table can be somebody's: its references lead to an owner, or an owner's row refers to it. */
export function hasOwnerOrHolder({ tables }: MapModel, table: ModelTable): boolean {
  const isOwner = ({ toTable }: ModelReference): boolean =>
    toTable !== table.name && tables.has(toTable) && tables.get(toTable)?.entry.ownership !== 'third-party';
  const holds = ({ name, entry, references }: ModelTable): boolean =>
    name !== table.name &&
    entry.ownership === 'exclusive' &&
    references.some(({ toTable, entry: { path } }) => toTable === table.name && path === undefined);
  return ownerReferences(table).some(isOwner) || [...tables.values()].some(holds);
}

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
