import type { MapModel, ModelTable } from '../lint/map-model.ts';
import type { MapField } from '../map-schema.ts';
import { fidesType, postgresType } from './data-type.ts';
import type { Loss } from './loss.ts';
import { shippedCategories } from './taxonomy.ts';

/** What a data map says and a dataset of fideslang cannot, references and paths apart. */
export function lossesOf({ map, tables }: MapModel): readonly Loss[] {
  return [
    ...Object.entries(map.subjects).flatMap(([person, { identities }]) =>
      Object.entries(identities).flatMap(([own, { normalise = [], variants = [] }]): readonly Loss[] =>
        normalise.length + variants.length === 0
          ? []
          : [
              {
                kind: 'normalisation',
                path: `${person}.${own}`,
                message: `Fides compares values as they are, without ${[...normalise, ...variants].join(', ')}`,
              },
            ],
      ),
    ),
    ...[...tables.values()].flatMap((table) => [
      ...tableLosses(table),
      ...table.fields.flatMap(([name, field]) => fieldLosses(`${table.name}.${name}`, field)),
      ...typeLosses(table),
    ]),
    ...Object.keys(map.keyrings ?? {}).map(
      (path): Loss => ({ kind: 'keyring', path, message: 'Fides knows no data encryption keys' }),
    ),
    ...Object.keys(map.triggers ?? {}).map(
      (path): Loss => ({ kind: 'trigger', path, message: 'Fides knows nothing of triggers' }),
    ),
    ...(map.ignore ?? []).map(
      (one): Loss => ({
        kind: 'ignore',
        path: 'table' in one ? one.table : 'schema' in one ? one.schema : `bucket ${one.bucket}`,
        message: 'what is left out, and why, is not told',
      }),
    ),
  ];
}

function tableLosses({ name: path, entry }: ModelTable): readonly Loss[] {
  const { ownership, owner, held_by: heldBy, tenant, legal_basis: basis, retention, erase, exports } = entry;
  const ownershipLoss = {
    shared: 'rows belong to several persons: Fides would mask or delete them as if they were of one',
    'third-party': 'rows belong to somebody else: Fides would mask or delete them all the same',
    TODO: 'whose rows these are is undecided',
    exclusive: undefined,
  }[ownership];
  const law = retention !== undefined && retention !== 'TODO' ? retention.law : undefined;
  const of = (kind: Loss['kind'], message: string | undefined): readonly Loss[] =>
    message === undefined ? [] : [{ kind, path, message }];
  return [
    ...of('ownership', ownershipLoss),
    ...of('owner', owner === undefined ? undefined : 'which of its references lead to the owner'),
    ...of('held-by', heldBy === undefined ? undefined : 'who has a share in its rows'),
    ...of(
      'tenant',
      tenant === undefined ? undefined : `rows are of the tenant in ${tenant}, and Fides knows none`,
    ),
    ...of('legal-basis', basis === undefined ? undefined : `its legal basis, ${basis}`),
    ...of(
      'retention',
      retention === undefined
        ? undefined
        : law == null
          ? 'how long rows are kept'
          : 'a law demands that rows are kept: Fides would erase them',
    ),
    ...of(
      'erase',
      erase === undefined || erase === 'delete' ? undefined : `what becomes of rows: ${saying(erase)}`,
    ),
    ...of('exports', exports === undefined ? undefined : `handing rows out as ${exports.as}`),
  ];
}

function fieldLosses(path: string, field: MapField): readonly Loss[] {
  const parts: readonly (readonly [string, FieldPart])[] = [
    [path, field],
    ...Object.entries(field.paths ?? {}).map(([inner, part]) => [`${path} ${inner}`, part] as const),
  ];
  return [
    ...(field.object === undefined
      ? []
      : [{ kind: 'object' as const, path, message: 'objects of the store, of which Fides knows nothing' }]),
    ...(field.encrypted === undefined
      ? []
      : [{ kind: 'encryption' as const, path, message: 'values are encrypted by a key of their person' }]),
    ...(field.domain === undefined
      ? []
      : [
          {
            kind: 'domain' as const,
            path,
            message: 'its values are half an address, by which Fides finds nobody: exported without identity',
          },
        ]),
    ...(field.hmac === undefined
      ? []
      : [{ kind: 'keyed-hash' as const, path, message: 'values are keyed hashes' }]),
    ...parts.flatMap(([place, part]) => partLosses(place, part)),
  ];
}

/** What a field and a path of it may say alike. */
type FieldPart = Pick<MapField, 'category' | 'identity' | 'parser' | 'about' | 'erase' | 'review'>;

function partLosses(
  path: string,
  { category, identity, parser, about, erase, review }: FieldPart,
): readonly Loss[] {
  const of = (kind: Loss['kind'], message: string | undefined): readonly Loss[] =>
    message === undefined ? [] : [{ kind, path, message }];
  const isShipped = category === undefined || category === 'TODO' || shippedCategories.has(category);
  return [
    ...of('category', isShipped ? undefined : `fideslang ships no ${category}: make it in Fides first`),
    ...of(
      'undecided',
      category === 'TODO' || identity === 'TODO' ? 'category or identity is undecided' : undefined,
    ),
    ...of(
      'parser',
      parser === undefined ? undefined : `names are inside of it (${parser}), where Fides does not look`,
    ),
    ...of(
      'about',
      about === undefined ? undefined : `whether rows are about whom it names: ${JSON.stringify(about)}`,
    ),
    ...of('review', review === undefined ? undefined : 'a person looks at values before they are given out'),
    ...of('erase', isKept(erase) ? undefined : `what becomes of it: ${saying(erase)}`),
  ];
}

/** What a dataset says by a masking strategy, or by `read_only` but for the reason. */
const isKept = (erase: MapField['erase']): boolean =>
  erase === undefined ||
  erase === 'set-null' ||
  (typeof erase === 'object' && ('replace' in erase || 'pseudonymise' in erase));

const saying = (erase: unknown): string =>
  typeof erase === 'string'
    ? erase
    : Object.entries(erase as Readonly<Record<string, unknown>>)
        .map(([key, value]) => `${key} ${String(value)}`)
        .join(', ');

function typeLosses({ name: path, fields }: ModelTable): readonly Loss[] {
  const changed = fields.filter(
    ([, { type }]) => type !== undefined && postgresType(fidesType(type), undefined) !== type,
  );
  if (changed.length === 0) return [];
  const names = changed.map(([name, { type }]) => `${name} ${type}`).join(', ');
  return [{ kind: 'type', path, message: `types that fideslang does not tell apart: ${names}` }];
}
