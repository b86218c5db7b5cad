import type { DataMap, MapField, MapReference, MapTable } from '../map-schema.ts';
import { formatName } from '../name.ts';
import type { FidesCollection, FidesDataset, FidesFile } from './dataset.ts';
import { type PosternMeta, posternMeta } from './identity-names.ts';
import { type ImportedField, type ImportedReference, importField } from './imported-fields.ts';
import type { Loss } from './loss.ts';

export interface FidesImport {
  readonly subjects: DataMap['subjects'];
  /** In the order of the datasets. */
  readonly tables: ReadonlyMap<string, ImportedTable>;
  readonly losses: readonly Loss[];
}

export interface ImportedTable extends Omit<MapTable, 'fields'> {
  /** By column; names come from a file, so that an object would not do. */
  readonly fields: ReadonlyMap<string, MapField>;
}

/**
 * The collections of datasets as tables of a data map. What fideslang does not say is TODO.
 */
export function importFideslang({ dataset: datasets }: FidesFile): FidesImport {
  const losses: Loss[] = [];
  const names = new Map<string, string>();
  for (const dataset of datasets) {
    if (names.has(dataset.fides_key))
      losses.push({ kind: 'name', path: dataset.fides_key, message: 'the key of a dataset comes twice' });
    names.set(dataset.fides_key, schemaOf(dataset));
  }
  const metas = datasets.flatMap((dataset) => {
    const parsed = posternMeta.safeParse(dataset.meta?.postern);
    return parsed.success ? [parsed.data] : [];
  });
  const subjects = subjectNames(metas);
  const tables = new Map<string, ImportedTable>();
  const edges: (ImportedReference & { readonly table: string })[] = [];
  for (const dataset of datasets) {
    for (const collection of dataset.collections) {
      const table = formatName(schemaOf(dataset), collection.name);
      if (tables.has(table))
        losses.push({ kind: 'name', path: table, message: 'the collection comes twice' });
      const named = collection.fields.filter(({ name }) => name !== '__proto__');
      if (named.length < collection.fields.length)
        losses.push({ kind: 'name', path: table, message: 'no map can name a column __proto__' });
      const fields = named.map((field) =>
        importField(field, {
          table,
          inherited: {
            categories: collection.data_categories ?? dataset.data_categories ?? [],
            subjects: collection.data_subjects ?? dataset.data_subjects ?? [],
          },
          identityOf: subjects.identityOf,
          losses,
        }),
      );
      for (const { references } of fields) edges.push(...references.map((edge) => ({ ...edge, table })));
      tables.set(table, tableOf(collection, fields));
    }
  }
  const references = resolved(edges, names, losses);
  return {
    subjects: subjects.all(),
    tables: new Map(
      [...tables].map(([name, table]) => {
        const own = references.get(name) ?? [];
        return [name, own.length === 0 ? table : { ...table, references: own }];
      }),
    ),
    losses,
  };
}

const schemaOf = ({ fides_key: key, fides_meta: meta }: FidesDataset): string =>
  meta?.namespace?.schema ?? key;

function tableOf(
  { description, fides_meta: meta }: FidesCollection,
  fields: readonly ImportedField[],
): ImportedTable {
  const key = fields.filter(({ isKey }) => isKey).map(({ column }) => column);
  const known = fields.flatMap(({ column, field }) =>
    field === undefined ? [] : [[column, field] as const],
  );
  const bare = fields
    .filter(({ field, references, isKey }) => field === undefined && references.length === 0 && !isKey)
    .map(({ column }) => column);
  const isPersonal = known.length > 0;
  const isDeleted = meta?.masking_strategy_override?.strategy === 'delete';
  return {
    ...(description != null && { description }),
    ...(key.length > 0 && { primary_key: key }),
    ownership: 'TODO',
    ...(isPersonal && { legal_basis: 'TODO' as const, retention: 'TODO' as const }),
    fields: new Map(known),
    ...(bare.length > 0 && { non_personal: bare }),
    ...(isDeleted ? { erase: 'delete' as const } : isPersonal && { erase: 'TODO' as const }),
  };
}

/** Our identities for those of the datasets; each that is met for the first time is made. */
function subjectNames(metas: readonly PosternMeta[]) {
  const subjects = new Map(metas.flatMap((meta) => Object.entries(meta.subjects)));
  const ours = new Map<string, string>();
  for (const [own, name] of metas.flatMap((meta) => Object.entries(meta.identities)))
    ours.set(JSON.stringify([own.split('.')[0], name]), own);
  const identityOf = (identity: string, persons: readonly string[]): string => {
    const person = asLabel(persons[0] ?? 'person');
    const known = ours.get(JSON.stringify([person, identity]));
    if (known !== undefined) return known;
    const own = asLabel(identity);
    const identities = new Map(Object.entries(subjects.get(person)?.identities ?? {}));
    // As `map scan` proposes for addresses.
    if (!identities.has(own))
      identities.set(own, own === 'email' ? { normalise: ['trim', 'lower', 'nfc'] } : {});
    subjects.set(person, { ...subjects.get(person), identities: Object.fromEntries(identities) });
    return `${person}.${own}`;
  };
  return { identityOf, all: (): DataMap['subjects'] => Object.fromEntries(subjects) };
}

/** A name that the map may give: what it may not hold becomes `_`. */
function asLabel(text: string): string {
  const plain = text.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_');
  return /^[a-z]/.test(plain) ? plain : `x${plain}`;
}

/** References by the table that has them. `to` says the same from the other side. */
function resolved(
  edges: readonly (ImportedReference & { readonly table: string })[],
  schemas: ReadonlyMap<string, string>,
  losses: Loss[],
): ReadonlyMap<string, MapReference[]> {
  const byTable = new Map<string, MapReference[]>();
  const add = (table: string, reference: MapReference): void => {
    const own = byTable.get(table) ?? [];
    if (!own.some((one) => JSON.stringify(one) === JSON.stringify(reference)))
      byTable.set(table, [...own, reference]);
  };
  for (const { table, column, path, dataset, field, direction } of edges) {
    const [collection = '', target = '', ...deeper] = field.split('.');
    const schema = schemas.get(dataset);
    const place = `${table}.${column}`;
    if (schema === undefined || collection === '' || target === '' || deeper.length > 0) {
      const why =
        schema === undefined
          ? `of a dataset that is not in the file: ${dataset}`
          : `to ${field}, which is no column`;
      losses.push({ kind: 'reference-target', path: place, message: `a reference ${why}` });
      continue;
    }
    const other = formatName(schema, collection);
    const inner = path === undefined ? {} : { path };
    if (direction === 'to' && path !== undefined)
      losses.push({ kind: 'reference-path', path: place, message: `a reference from ${other} into ${path}` });
    else if (direction === 'to')
      add(other, { column: target, to: `${table}.${formatName(column)}`, kind: 'soft' });
    else add(table, { column, to: `${other}.${formatName(target)}`, kind: 'soft', ...inner });
  }
  return byTable;
}
