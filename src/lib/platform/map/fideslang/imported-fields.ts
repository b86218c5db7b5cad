import type { MapField } from '../map-schema.ts';
import { postgresType } from './data-type.ts';
import type { FidesField } from './dataset.ts';
import { anyElement, formatPath, type Step } from './json-path.ts';
import type { Loss } from './loss.ts';

/** What stands above a field, and holds for it where it says nothing itself. */
export interface Inherited {
  readonly categories: readonly string[];
  readonly subjects: readonly string[];
}

export interface ImportedField {
  readonly column: string;
  readonly isKey: boolean;
  /** Nothing, where the dataset calls it data of the system and nothing else. */
  readonly field: MapField | undefined;
  readonly references: readonly ImportedReference[];
}

/** One of ours, of which the dataset tells the other column in its own words. */
export interface ImportedReference {
  readonly column: string;
  readonly path?: string;
  readonly dataset: string;
  /** `collection.field` */
  readonly field: string;
  readonly direction: 'from' | 'to' | undefined;
}

export interface FieldImport {
  /** `schema.table` */
  readonly table: string;
  readonly inherited: Inherited;
  /** @returns ours for an identity of the dataset */
  readonly identityOf: (identity: string, subjects: readonly string[]) => string;
  readonly losses: Loss[];
}

type Erase = MapField['erase'];

export function importField(field: FidesField, task: FieldImport): ImportedField {
  const path = `${task.table}.${field.name}`;
  const references: ImportedReference[] = referencesOf(field, field.name, undefined);
  const meta = field.fides_meta;
  const paths: [string, NonNullable<MapField['paths']>[string]][] = [];
  const base: readonly Step[] = meta?.data_type?.endsWith('[]') === true ? [anyElement] : [];
  for (const child of field.fields ?? [])
    addPaths(child, base, { task, path, paths, references, column: field.name });
  const isDocument = (field.fields ?? []).length > 0;
  const part = partOf(field, path, task);
  const isSystem = part.category === 'system.operations' && part.identity === undefined && !isDocument;
  return {
    column: field.name,
    isKey: meta?.primary_key === true,
    references,
    field:
      isSystem || isBareKey(field, part)
        ? undefined
        : {
            ...(field.description != null && { description: field.description }),
            type: isDocument ? 'jsonb' : postgresType(meta?.data_type, meta?.length),
            ...part,
            ...(isUnsaid(part) && paths.length === 0 && { category: 'TODO' }),
            ...(paths.length > 0 && { paths: Object.fromEntries(paths) }),
          },
  };
}

const isUnsaid = ({ category, identity }: ReturnType<typeof partOf>): boolean =>
  category === undefined && identity === undefined;

/** A column of a key, or one that refers to another, of which the dataset says no more. */
const isBareKey = (field: FidesField, part: ReturnType<typeof partOf>): boolean =>
  isUnsaid(part) &&
  (field.fields ?? []).length === 0 &&
  (field.fides_meta?.primary_key === true || (field.fides_meta?.references ?? []).length > 0);

interface PathTask {
  readonly task: FieldImport;
  readonly path: string;
  readonly column: string;
  readonly paths: [string, NonNullable<MapField['paths']>[string]][];
  readonly references: ImportedReference[];
}

function addPaths(field: FidesField, above: readonly Step[], into: PathTask): void {
  const isArray = field.fides_meta?.data_type?.endsWith('[]') === true;
  const element: readonly Step[] = isArray ? [anyElement] : [];
  const steps: readonly Step[] = [...above, field.name, ...element];
  const path = formatPath(steps);
  into.references.push(...referencesOf(field, into.column, path));
  const part = partOf(field, `${into.path} ${path}`, into.task);
  const children = field.fields ?? [];
  if (Object.keys(part).length > 0) into.paths.push([path, part]);
  else if (children.length === 0) into.paths.push([path, { category: 'TODO' }]);
  for (const child of children) addPaths(child, steps, into);
}

const referencesOf = (field: FidesField, column: string, path: string | undefined): ImportedReference[] =>
  (field.fides_meta?.references ?? []).map(({ dataset, field: target, direction }) => ({
    column,
    ...(path !== undefined && { path }),
    dataset,
    field: target,
    direction: direction ?? undefined,
  }));

function partOf(
  field: FidesField,
  path: string,
  { inherited, identityOf, losses }: FieldImport,
): { category?: string; identity?: string; erase?: Erase } {
  const categories = field.data_categories ?? inherited.categories;
  // What is said of a person counts more than what is said of the system.
  const [category, ...others] = categories.toSorted(
    (a, b) => Number(b.startsWith('user')) - Number(a.startsWith('user')),
  );
  if (others.length > 0) losses.push({ kind: 'category', path, message: `also ${others.join(', ')}` });
  const { identity } = field.fides_meta ?? {};
  const subjects = field.data_subjects ?? inherited.subjects;
  const erase = eraseOf(field, path, losses);
  return {
    ...(category !== undefined && { category: /^[a-z_]+(\.[a-z_]+)*$/.test(category) ? category : 'TODO' }),
    ...(identity != null && { identity: identityOf(identity, subjects) }),
    ...(erase !== undefined && { erase }),
  };
}

function eraseOf(field: FidesField, path: string, losses: Loss[]): Erase {
  const { masking_strategy_override: masking, read_only: isReadOnly } = field.fides_meta ?? {};
  if (isReadOnly === true) return { keep: 'TODO' };
  if (masking == null) return undefined;
  const { strategy, configuration } = masking;
  const { rewrite_value: value } = configuration ?? {};
  if (strategy === 'null_rewrite') return 'set-null';
  if (strategy === 'hmac') return { pseudonymise: 'hmac' };
  if (strategy === 'string_rewrite' && typeof value === 'string') return { replace: value };
  losses.push({ kind: 'erase', path, message: `the masking strategy ${strategy}` });
  return 'TODO';
}
