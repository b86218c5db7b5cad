import type { DataMap, MapField, MapReference, MapTable } from '../map-schema.ts';
import { canonicalName, formatName, parseColumnName, parseName } from '../name.ts';

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
  /** Whether `held_by` of the target names it: it gives a share in what it leads to, and leads to no owner. */
  readonly isHolding: boolean;
  readonly entry: MapReference;
}

export function mapModel(map: DataMap): MapModel {
  const ignored = map.ignore ?? [];
  const holders: Holders = new Map(
    Object.entries(map.tables).map(([key, { held_by: heldBy = [] }]) => [
      canonicalName(key),
      new Set([heldBy].flat().map(canonicalName)),
    ]),
  );
  return {
    map,
    tables: new Map(
      Object.entries(map.tables).map(([key, entry]) => [canonicalName(key), modelTable(key, entry, holders)]),
    ),
    ignoredTables: new Set(ignored.flatMap((item) => ('table' in item ? canonicalName(item.table) : []))),
    ignoredSchemas: new Set(ignored.flatMap((item) => ('schema' in item ? item.schema : []))),
  };
}

/** By canonical table, the columns that `held_by` names. */
type Holders = ReadonlyMap<string, ReadonlySet<string>>;

function modelTable(key: string, entry: MapTable, holders: Holders): ModelTable {
  const fields = Object.entries(entry.fields ?? {});
  const references = (entry.references ?? []).map((reference, index) =>
    modelReference(canonicalName(key), reference, index, holders),
  );
  const columns = [
    ...fields.flatMap(([name, { type, encrypted, domain }]) =>
      [type && name, encrypted?.key_id, domain?.by === undefined ? domain?.column : undefined].filter(
        (column) => column !== undefined,
      ),
    ),
    ...(entry.primary_key ?? []),
    ...(entry.tenant === undefined ? [] : [entry.tenant]),
    ...(entry.non_personal ?? []),
    ...references.flatMap(({ columns: own, entry: { when = {} } }) => [...own, ...Object.keys(when)]),
  ];
  return { key, name: canonicalName(key), entry, fields, references, columns: new Set(columns) };
}

function modelReference(
  fromTable: string,
  entry: MapReference,
  index: number,
  holders: Holders,
): ModelReference {
  const columns = [entry.column].flat();
  const targets = [entry.to].flat().flatMap((name) => parseColumnName(name) ?? []);
  const held = holders.get(targets[0]?.table ?? '');
  return {
    index,
    fromTable,
    name: entry.as ?? (columns[0] ?? '').replace(/_(id|ref)$/, ''),
    columns,
    toTable: targets[0]?.table ?? '',
    toTables: [...new Set(targets.map(({ table }) => table))],
    toColumns: targets.map(({ column }) => column),
    isHolding: columns.some(
      (column) => held?.has(formatName(...(parseName(fromTable) ?? []), column)) === true,
    ),
    entry,
  };
}

/** The references that lead to a row's owner: those that `owner` names, or all but those that give a share. */
export function ownerReferences({ entry, references }: ModelTable): readonly ModelReference[] {
  if (entry.owner === undefined) return references.filter(({ isHolding }) => !isHolding);
  const wanted = [entry.owner].flat();
  return references.filter(({ name }) => wanted.includes(name));
}

/** Where the domain of an address stands whose local part is in a column of its own. */
export interface DomainPlace {
  readonly column: string;
  /** To the row that has it; undefined where that is the row itself. */
  readonly reference: ModelReference | undefined;
}

/** @returns undefined where a field holds no half of an address, or the map calls a reference that is not there */
export function domainOf({ references }: ModelTable, { domain }: MapField): DomainPlace | undefined {
  if (domain === undefined) return undefined;
  const reference = references.find(({ name }) => name === domain.by);
  return domain.by !== undefined && reference === undefined
    ? undefined
    : { column: domain.column, reference };
}

/** What stands in the way of calling a reference by a name; undefined where one reference has it. */
export function notOne({ references }: ModelTable, name: string): string | undefined {
  const { length } = references.filter((reference) => reference.name === name);
  if (length === 1) return undefined;
  return `${length === 0 ? 'no reference' : `${length} references`} called ${name}`;
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
