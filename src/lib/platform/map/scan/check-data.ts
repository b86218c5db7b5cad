import type { Client } from '../../../base/postgres.ts';
import type { Catalog, Relation } from '../../catalog/index.ts';
import { type CatalogModel, catalogModel, nameOf } from '../lint/catalog-model.ts';
import type { Finding, Rule } from '../lint/finding.ts';
import { at, isPersonal, type MapModel, type ModelTable, mapModel } from '../lint/map-model.ts';
import type { DataMap, MapField } from '../map-schema.ts';
import { canonicalName } from '../name.ts';
import { isCoveredPath } from './covered-path.ts';
import { addressNote } from './draft/describe.ts';
import { type LookOptions, lookInto } from './sample/look.ts';
import type { Unseen } from './sample/unseen.ts';
import type { ColumnProfile } from './value/column-profile.ts';

/** What `map check` asks of the data, beside the rules of `map lint`; docs/data-map.md says the same. */
export const dataRules = {
  address: {
    id: 'DATA01',
    severity: 'error',
    demand: 'no sampled value of a column that the map does not call personal holds an address',
  },
  path: {
    id: 'DATA02',
    severity: 'error',
    demand: 'addresses in a JSON column whose paths the map lists stand at one of them',
  },
  encrypted: {
    id: 'DATA03',
    severity: 'error',
    demand: 'no sampled value of a column that the map does not call encrypted is encrypted by postern',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export interface DataCheck {
  readonly findings: readonly Finding[];
  readonly unseen: readonly Unseen[];
}

/** Compares what the map says of columns with a sample of their values. Names and counts come back, values do not. */
export async function checkData(
  db: Client,
  { map, catalog }: { readonly map: DataMap; readonly catalog: Catalog },
  look: LookOptions,
): Promise<DataCheck> {
  const model = mapModel(map);
  const database = catalogModel(catalog);
  const relations = lookedAt(model, database);
  const wanted = (relation: Relation, column: string): boolean =>
    interest(model, relation, column) !== undefined;
  const { tables, unseen } = await lookInto(db, { catalog, relations, wanted }, look);
  const findings = relations.flatMap((relation) =>
    [...(tables.get(nameOf(relation))?.columns ?? [])].flatMap(([column, profile]) => {
      const concern = interest(model, relation, column);
      return concern === undefined ? [] : problems(nameOf(relation), column, profile, concern);
    }),
  );
  return {
    findings: findings.toSorted((one, other) => (one.rule < other.rule ? -1 : one.rule > other.rule ? 1 : 0)),
    unseen,
  };
}

/** Every stored table that the map knows; those that it does not are told by MAP08. */
function lookedAt(model: MapModel, { relations }: CatalogModel): readonly Relation[] {
  return [...relations.values()].filter(
    (relation) =>
      model.tables.has(nameOf(relation)) ||
      (relation.partitionOf === null &&
        relation.extension === null &&
        ignoredAt(model, relation) !== undefined),
  );
}

function ignoredAt({ map }: MapModel, relation: Relation): number | undefined {
  const index = (map.ignore ?? []).findIndex((item) =>
    'table' in item
      ? canonicalName(item.table) === nameOf(relation)
      : 'schema' in item && item.schema === relation.schema,
  );
  return index === -1 ? undefined : index;
}

/** What is asked of a column, and where in the map it is said. */
interface Concern {
  readonly path: Finding['path'];
  /** The map says that no personal data is there. */
  readonly isCalledNonPersonal: boolean;
  /** The paths of a JSON column, where they are all that is personal in it. */
  readonly paths: readonly string[] | undefined;
}

/** Undefined where no value of the column could be a finding. */
function interest(model: MapModel, relation: Relation, column: string): Concern | undefined {
  const table = model.tables.get(nameOf(relation));
  if (table === undefined) {
    const path = ['ignore', ignoredAt(model, relation) ?? 0];
    return { path, isCalledNonPersonal: true, paths: undefined };
  }
  // What the map leaves out is told by MAP22.
  if (!table.columns.has(column)) return undefined;
  const field = new Map(table.fields).get(column);
  const isKey = Object.entries(model.map.keyrings ?? {}).some(
    ([name, { wrapped }]) => canonicalName(name) === table.name && wrapped === column,
  );
  if (field?.encrypted !== undefined || isKey) return undefined;
  return {
    path: pathOf(table, column, field),
    isCalledNonPersonal:
      field === undefined ? !leadsToPersonal(model, table, column) : isCalledNonPersonal(field),
    paths: onlyPaths(field),
  };
}

/** `erase: {keep: …}` of a field of the system's is a person's word that what looks like addresses are none. */
function isCalledNonPersonal(field: MapField): boolean {
  if (isPersonal(field) || field.category === 'TODO') return false;
  return !(typeof field.erase === 'object' && 'keep' in field.erase);
}

function onlyPaths(field: MapField | undefined): readonly string[] | undefined {
  if (field?.paths === undefined || isPersonal({ ...field, paths: {} })) return undefined;
  return Object.keys(field.paths);
}

/** What refers to personal data holds the same values. */
function leadsToPersonal(model: MapModel, { references }: ModelTable, column: string): boolean {
  return references.some(({ columns, toTable, toColumns }) => {
    const target = toColumns[columns.indexOf(column)];
    const fields = new Map(model.tables.get(toTable)?.fields);
    const field = target === undefined ? undefined : fields.get(target);
    return columns.includes(column) && field !== undefined && isPersonal(field);
  });
}

function pathOf(table: ModelTable, column: string, field: MapField | undefined): Finding['path'] {
  if (field !== undefined) return at(table, 'fields', column);
  const index = table.entry.non_personal?.indexOf(column) ?? -1;
  if (index !== -1) return at(table, 'non_personal', index);
  const key = table.entry.primary_key?.indexOf(column) ?? -1;
  if (key !== -1) return at(table, 'primary_key', key);
  const reference = table.references.find(({ columns }) => columns.includes(column));
  return reference === undefined ? at(table) : at(table, 'references', reference.index);
}

function problems(
  table: string,
  column: string,
  { addresses, paths, values, encrypted }: ColumnProfile,
  concern: Concern,
): readonly Finding[] {
  const tell = ({ id, severity }: Rule, message: string): Finding => ({
    rule: id,
    severity,
    path: concern.path,
    message,
  });
  const found: Finding[] = [];
  if (concern.isCalledNonPersonal && addresses.values > 0) {
    found.push(
      tell(
        dataRules.address,
        `${table}.${column} is not called personal: ${addressNote(addresses, values).reason}`,
      ),
    );
  }
  for (const [path, counts] of concern.paths === undefined ? [] : paths) {
    if (concern.paths?.some((mapped) => isCoveredPath(mapped, path)) === true) continue;
    const where = ` at ${path}, which the map does not list,`;
    found.push(tell(dataRules.path, `${table}.${column}: ${addressNote(counts, values, where).reason}`));
  }
  if (encrypted > 0) {
    const what = `${encrypted.toLocaleString('en')} of ${values.toLocaleString('en')} values read are encrypted by postern`;
    found.push(tell(dataRules.encrypted, `${table}.${column} is not called encrypted: ${what}`));
  }
  return found;
}
