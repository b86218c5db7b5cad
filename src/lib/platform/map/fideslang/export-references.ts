import { type MapModel, type ModelReference, type ModelTable, ownerReferences } from '../lint/map-model.ts';
import { parseName } from '../name.ts';
import type { FidesMeta } from './dataset.ts';
import { anyElement, parseSimplePath } from './json-path.ts';
import type { Loss } from './loss.ts';

type Edge = NonNullable<NonNullable<FidesMeta['references']>[number]>;

/** A reference as a field of a collection says it. */
export interface ExportedEdge {
  readonly column: string;
  /** Of a JSON column: the names of nested fields. */
  readonly inner: readonly string[];
  readonly edge: Edge;
}

/** @param keyOf what the dataset of a schema is called */
export function edgesOf(
  model: MapModel,
  table: ModelTable,
  keyOf: (schema: string) => string,
): { readonly edges: readonly ExportedEdge[]; readonly losses: readonly Loss[] } {
  const edges: ExportedEdge[] = [];
  const losses: Loss[] = [];
  for (const reference of table.references) {
    const [column = ''] = reference.columns;
    const path = `${table.name}.${column}`;
    const found = edgeOf(model, table, reference, keyOf);
    if ('kind' in found) losses.push({ path, ...found });
    else {
      edges.push({ column, ...found });
      const { fold } = reference.entry;
      if (fold !== undefined)
        losses.push({ kind: 'fold', path, message: `Fides compares values as they are, without ${fold}` });
    }
  }
  return { edges, losses };
}

function edgeOf(
  model: MapModel,
  table: ModelTable,
  reference: ModelReference,
  keyOf: (schema: string) => string,
): Omit<ExportedEdge, 'column'> | Omit<Loss, 'path'> {
  const { columns, toTable, toColumns, entry } = reference;
  const [schema = '', name = ''] = parseName(toTable) ?? [];
  if (toTable === table.name)
    return { kind: 'self-reference', message: 'fideslang knows no reference of a collection to itself' };
  if (columns.length > 1) {
    return {
      kind: 'composite-reference',
      message: `a reference of ${columns.length} columns to ${toTable}: Fides would take rows that match in one of them`,
    };
  }
  if (!model.tables.has(toTable))
    return { kind: 'reference-target', message: `${toTable} is not in the map` };
  if ([name, toColumns[0] ?? ''].some((part) => part.includes('.')))
    return { kind: 'name', message: `a name with a dot in it, of ${toTable}, cannot be referred to` };
  if (entry.when !== undefined)
    return { kind: 'reference-path', message: 'fideslang cannot say that only some rows refer' };
  if ((entry.prefix ?? entry.suffix) !== undefined)
    return { kind: 'reference-path', message: 'fideslang cannot say that a part of a value refers' };
  const inner = entry.path === undefined ? [] : parseSimplePath(entry.path);
  if (inner === undefined)
    return { kind: 'reference-path', message: `fideslang cannot say ${entry.path ?? ''}` };
  const edge: Edge = { dataset: keyOf(schema), field: `${name}.${toColumns[0] ?? ''}` };
  return {
    inner: inner.filter((step) => step !== anyElement),
    // Rows are found from what they refer to, never the other way: else the rows of everybody who is referred to
    // would be gathered too. Only an alias leads to its person.
    edge: leadsToPerson(model, table, reference) ? edge : { ...edge, direction: 'from' },
  };
}

/** Whether a row is a further name of the row that it belongs to. */
function leadsToPerson(model: MapModel, table: ModelTable, reference: ModelReference): boolean {
  const target = model.tables.get(reference.toTable);
  const isExclusive = table.entry.ownership === 'exclusive' && target?.entry.ownership === 'exclusive';
  if (!isExclusive || !ownerReferences(table).includes(reference)) return false;
  const subjects = subjectsOf(table);
  return [...subjectsOf(target)].some((subject) => subjects.has(subject));
}

const subjectsOf = ({ fields }: ModelTable): ReadonlySet<string> =>
  new Set(
    fields.flatMap(([, { identity }]) => (identity === undefined ? [] : [identity.split('.')[0] ?? ''])),
  );
