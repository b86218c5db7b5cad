import { type MapModel, type ModelTable, mapModel } from '../lint/map-model.ts';
import type { DataMap, MapField } from '../map-schema.ts';
import { parseName } from '../name.ts';
import { fidesType } from './data-type.ts';
import type { FidesCollection, FidesDataset, FidesField, FidesMeta } from './dataset.ts';
import { lossesOf } from './export-losses.ts';
import { type ExportedEdge, edgesOf } from './export-references.ts';
import { fidesIdentities } from './identity-names.ts';
import type { Loss } from './loss.ts';
import { nestedFields } from './nested-fields.ts';

export interface FidesExport {
  readonly datasets: FidesDataset[];
  readonly losses: readonly Loss[];
}

/** The tables of a data map as datasets of fideslang, one for each schema, and what that loses. */
export function exportFideslang(map: DataMap): FidesExport {
  const model = mapModel(map);
  const keyOf = datasetKeys(model);
  const identities = fidesIdentities(model);
  const losses: Loss[] = [...lossesOf(model)];
  const wanted = referencedColumns(model);
  const bySchema = new Map<string, FidesCollection[]>();
  for (const table of model.tables.values()) {
    const [schema = '', name = ''] = parseName(table.name) ?? [];
    const { edges, losses: lostEdges } = edgesOf(model, table, keyOf);
    losses.push(...lostEdges);
    const fields = collectionFields(table, {
      identities,
      edges,
      wanted: wanted.get(table.name) ?? [],
      losses,
    });
    const { description, erase } = table.entry;
    const collection: FidesCollection = {
      name,
      ...(description !== undefined && { description }),
      ...(erase === 'delete' && { fides_meta: { masking_strategy_override: { strategy: 'delete' } } }),
      fields,
    };
    bySchema.set(schema, [...(bySchema.get(schema) ?? []), collection]);
  }
  const meta = { postern: { subjects: map.subjects, identities: Object.fromEntries(identities) } };
  const datasets = [...bySchema].map(
    ([schema, collections]): FidesDataset => ({
      fides_key: keyOf(schema),
      name: schema,
      meta,
      fides_meta: { namespace: { schema } },
      collections,
    }),
  );
  return { datasets, losses };
}

/** A key for each schema, of characters that a key may have. */
function datasetKeys({ tables }: MapModel): (schema: string) => string {
  const keys = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of tables.keys()) {
    const [schema = ''] = parseName(name) ?? [];
    if (keys.has(schema)) continue;
    const base = schema.replaceAll(/[^a-zA-Z0-9_.<>-]/g, '_');
    let key = base;
    for (let number = 2; taken.has(key); number += 1) key = `${base}_${number}`;
    taken.add(key);
    keys.set(schema, key);
  }
  return (schema) => keys.get(schema) ?? schema;
}

/** Columns that others refer to must be fields, whether the map says more of them or not. */
function referencedColumns({ tables }: MapModel): ReadonlyMap<string, readonly string[]> {
  const columns = new Map<string, string[]>();
  for (const { references } of tables.values())
    for (const { toTable, toColumns } of references)
      columns.set(toTable, [...(columns.get(toTable) ?? []), ...toColumns]);
  return columns;
}

interface FieldTask {
  readonly identities: ReadonlyMap<string, string>;
  readonly edges: readonly ExportedEdge[];
  readonly wanted: readonly string[];
  readonly losses: Loss[];
}

/** The primary key first, in its order, as no number tells it. */
function collectionFields(table: ModelTable, task: FieldTask): FidesField[] {
  const { entry, fields } = table;
  const key = entry.primary_key ?? [];
  const own = new Map(fields.filter(([, { type }]) => type !== undefined));
  const nonPersonal = new Set(entry.non_personal ?? []);
  const names = new Set([...key, ...own.keys(), ...table.columns, ...task.wanted]);
  return [...names].map((name) => {
    const described = describe(own.get(name), name, table, task);
    const edges = task.edges.filter(({ column, inner }) => column === name && inner.length === 0);
    const meta: FidesMeta = {
      ...(key.includes(name) && { primary_key: true }),
      ...described.fides_meta,
      ...(edges.length > 0 && { references: edges.map(({ edge }) => edge) }),
    };
    const { fides_meta: _, ...rest } = described;
    return {
      name,
      ...(nonPersonal.has(name) && { data_categories: ['system.operations'] }),
      ...rest,
      ...(Object.keys(meta).length > 0 && { fides_meta: meta }),
    };
  });
}

function describe(
  field: MapField | undefined,
  name: string,
  table: ModelTable,
  { identities, edges, losses }: FieldTask,
): Partial<FidesField> {
  if (field === undefined) return {};
  const path = `${table.name}.${name}`;
  const part = partOf(field, identities);
  const { type = '', description } = field;
  if (field.paths === undefined) {
    const dataType = fidesType(type);
    const meta = { ...part.fides_meta, ...(dataType !== undefined && { data_type: dataType }) };
    return { ...(description !== undefined && { description }), ...part, fides_meta: meta };
  }
  const { dataType, fields, left } = nestedFields(field.paths, (entry) => partOf(entry, identities));
  for (const one of left)
    losses.push({ kind: 'path', path: `${path} ${one}`, message: 'fideslang has only names of members' });
  const inner = edges.filter((edge) => edge.column === name && edge.inner.length > 0);
  return {
    ...(description !== undefined && { description }),
    ...part,
    fides_meta: { ...part.fides_meta, data_type: dataType },
    ...(fields.length > 0 && { fields: inner.reduce(withEdge, fields) as FidesField[] }),
  };
}

/** Category, identity, and what becomes of a value. */
function partOf(
  { category, identity, erase, domain }: Pick<MapField, 'category' | 'identity' | 'erase' | 'domain'>,
  identities: ReadonlyMap<string, string>,
): Partial<FidesField> {
  const name = identity === undefined || domain !== undefined ? undefined : identities.get(identity);
  const masking =
    erase === 'set-null'
      ? { strategy: 'null_rewrite' }
      : typeof erase === 'object' && 'replace' in erase
        ? { strategy: 'string_rewrite', configuration: { rewrite_value: erase.replace } }
        : typeof erase === 'object' && 'pseudonymise' in erase
          ? { strategy: 'hmac' }
          : undefined;
  const meta: FidesMeta = {
    ...(name !== undefined && { identity: name }),
    ...(typeof erase === 'object' && 'keep' in erase && { read_only: true }),
    ...(masking !== undefined && { masking_strategy_override: masking }),
  };
  return {
    ...(category !== undefined && category !== 'TODO' && { data_categories: [category] }),
    ...(name !== undefined && { data_subjects: [identity?.split('.')[0] ?? ''] }),
    ...(Object.keys(meta).length > 0 && { fides_meta: meta }),
  };
}

/** A reference from within a document, at its nested field. */
function withEdge(fields: readonly FidesField[], { inner, edge }: ExportedEdge): readonly FidesField[] {
  const [name = '', ...rest] = inner;
  const known = fields.find((field) => field.name === name) ?? { name };
  const changed: FidesField =
    rest.length > 0
      ? { ...known, fields: [...withEdge(known.fields ?? [], { column: '', inner: rest, edge })] }
      : {
          ...known,
          fides_meta: {
            ...known.fides_meta,
            references: [...(known.fides_meta?.references ?? []), edge],
          },
        };
  return [...fields.filter((field) => field.name !== name), changed];
}
