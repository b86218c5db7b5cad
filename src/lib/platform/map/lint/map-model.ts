import type { DataMap, MapField, MapReference, MapTable } from '../map-schema.ts';
import { canonicalName, parseColumnName } from '../name.ts';

/** The data map with its names made canonical and its references resolved. */
export interface MapModel {
  readonly map: DataMap;
  /** By canonical `schema.table`. */
  readonly tables: ReadonlyMap<string, ModelTable>;
  readonly ignoredTables: ReadonlySet<string>;
  readonly ignoredSchemas: ReadonlySet<string>;
}

export interface ModelTable {
  /** As it stands in the document. */
  readonly key: string;
  /** Canonical. */
  readonly name: string;
  readonly entry: MapTable;
  readonly fields: readonly (readonly [name: string, field: MapField])[];
  readonly references: readonly ModelReference[];
  /** Every column that the map mentions anywhere in this table. */
  readonly columns: ReadonlySet<string>;
}

export interface ModelReference {
  readonly index: number;
  /** Canonical: the table that has the columns. */
  readonly fromTable: string;
  /** What `owner` and `encrypted.by` call it. */
  readonly name: string;
  readonly columns: readonly string[];
  /** Canonical; of the first target, as all must be of one table. */
  readonly toTable: string;
  /** Canonical, each once: more than one is a mistake. */
  readonly toTables: readonly string[];
  readonly toColumns: readonly string[];
  readonly entry: MapReference;
}

export function mapModel(map: DataMap): MapModel {
  const ignored = map.ignore ?? [];
  return {
    map,
    tables: new Map(
      Object.entries(map.tables).map(([key, entry]) => [canonicalName(key), modelTable(key, entry)]),
    ),
    ignoredTables: new Set(ignored.flatMap((item) => ('table' in item ? canonicalName(item.table) : []))),
    ignoredSchemas: new Set(ignored.flatMap((item) => ('schema' in item ? item.schema : []))),
  };
}

function modelTable(key: string, entry: MapTable): ModelTable {
  const fields = Object.entries(entry.fields ?? {});
  const references = (entry.references ?? []).map((reference, index) =>
    modelReference(canonicalName(key), reference, index),
  );
  const columns = [
    ...fields.flatMap(([name, { type, encrypted }]) =>
      [type && name, encrypted?.key_id].filter((column) => column !== undefined),
    ),
    ...(entry.primary_key ?? []),
    ...(entry.tenant === undefined ? [] : [entry.tenant]),
    ...(entry.non_personal ?? []),
    ...references.flatMap((reference) => reference.columns),
  ];
  return { key, name: canonicalName(key), entry, fields, references, columns: new Set(columns) };
}

function modelReference(fromTable: string, entry: MapReference, index: number): ModelReference {
  const columns = [entry.column].flat();
  const targets = [entry.to].flat().flatMap((name) => parseColumnName(name) ?? []);
  return {
    index,
    fromTable,
    name: entry.as ?? (columns[0] ?? '').replace(/_(id|ref)$/, ''),
    columns,
    toTable: targets[0]?.table ?? '',
    toTables: [...new Set(targets.map(({ table }) => table))],
    toColumns: targets.map(({ column }) => column),
    entry,
  };
}

/** The references that lead to a row's owner: those that `owner` names, or all. */
export function ownerReferences({ entry, references }: ModelTable): readonly ModelReference[] {
  if (entry.owner === undefined) return references;
  const wanted = [entry.owner].flat();
  return references.filter(({ name }) => wanted.includes(name));
}

/** Whether a field holds, or may hold, something about a person. */
export function isPersonal(field: MapField): boolean {
  const parts = [field, ...Object.values(field.paths ?? {})];
  return (
    field.encrypted !== undefined ||
    // A keyed hash of personal data is personal data for whoever has the key (GDPR, recital 26).
    field.hmac !== undefined ||
    field.object !== undefined ||
    parts.some(
      ({ category, identity, parser }) =>
        identity !== undefined ||
        parser !== undefined ||
        category === 'user' ||
        category?.startsWith('user.') === true,
    )
  );
}

/** The path of a part of a table in the document. */
export function at(table: ModelTable, ...rest: readonly (string | number)[]): readonly (string | number)[] {
  return ['tables', table.key, ...rest];
}
