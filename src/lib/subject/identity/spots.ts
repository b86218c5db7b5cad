import type { MapModel, ModelTable } from '../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { addressPattern, type Identity, normalisedSql, searchForms } from './identities.ts';

/** A place in a table where a value that tells persons apart may stand. */
export interface Spot {
  readonly column: string;
  /** `inside`: somewhere in a text, which only an address can be found in. */
  readonly form: 'scalar' | 'array' | 'path' | 'inside';
  /** Of a `path`; of `inside`, where the text stands in a document. */
  readonly path?: string;
  readonly isBytes: boolean;
  readonly identity: Identity;
}

/** Every such place of a table. What is encrypted or hashed can be compared with nothing. */
function spotsOf({ fields }: ModelTable, identities: ReadonlyMap<string, Identity>): readonly Spot[] {
  const anyEmail = [...identities.values()].find(({ kind }) => kind === 'email');
  return fields.flatMap(([column, field]): readonly Spot[] => {
    const { type = '', encrypted, hmac, paths = {} } = field;
    if (field.type === undefined || encrypted !== undefined || hmac !== undefined) return [];
    const identity = identities.get(field.identity ?? '');
    const common = { column, isBytes: /^bytea\b/i.test(type) };
    const own: readonly Spot[] =
      field.parser !== undefined
        ? insideOf(common, identity ?? anyEmail)
        : identity === undefined
          ? []
          : [{ ...common, form: type.endsWith('[]') ? 'array' : 'scalar', identity }];
    const deeper = Object.entries(paths).flatMap(([path, part]): readonly Spot[] => {
      const found = identities.get(part.identity ?? '');
      if (part.parser !== undefined) {
        return insideOf(common, found ?? anyEmail).map((spot) => ({ ...spot, path }));
      }
      return found === undefined ? [] : [{ ...common, form: 'path', path, identity: found }];
    });
    return [...own, ...deeper];
  });
}

const insideOf = (
  common: Pick<Spot, 'column' | 'isBytes'>,
  identity: Identity | undefined,
): readonly Spot[] => (identity?.kind === 'email' ? [{ ...common, form: 'inside', identity }] : []);

/** The values that are known of a person, by kind of identity, as somebody wrote them. */
export type KnownValues = ReadonlyMap<string, ReadonlySet<string>>;

/** Gathers the parameters of a statement. */
export interface Parameters {
  readonly values: unknown[];
  /** @returns how the statement refers to it: `$3` */
  readonly add: (value: unknown) => string;
}

export function parameters(): Parameters {
  const values: unknown[] = [];
  return {
    values,
    add: (value) => `$${values.push(value)}`,
  };
}

/**
 * SQL over the row `alias`: whether one of the known values stands in this place. Undefined where none of its kind is
 * known.
 */
export function matchSql(
  spot: Spot,
  alias: string,
  known: KnownValues,
  { add, isUtf8 }: { readonly add: Parameters['add']; readonly isUtf8: boolean },
): string | undefined {
  const { identity, form, path = '$' } = spot;
  const values = [...(known.get(identity.kind) ?? [])];
  if (values.length === 0) return undefined;
  const column = `${alias}.${quoteIdentifier(spot.column)}`;
  if (form === 'inside') {
    const pattern = add(addressPattern(values, identity.variants));
    if (spot.path !== undefined) {
      return `exists (select from pg_catalog.jsonb_path_query(${column}::jsonb, ${quoteLiteral(spot.path)}) e where (e #>> '{}') ~* ${pattern})`;
    }
    const text = spot.isBytes ? `pg_catalog.encode(${column}, 'escape')` : `${column}::text`;
    return `${text} ~* ${pattern}`;
  }
  const forms = `${add([...new Set(values.flatMap((value) => searchForms(identity, value)))])}::text[]`;
  const isOne = (text: string) => `${normalisedSql(text, identity, { isUtf8 })} = any(${forms})`;
  if (form === 'scalar') return isOne(`${column}::text`);
  if (form === 'array')
    return `exists (select from pg_catalog.unnest(${column}) e where ${isOne('e::text')})`;
  return `exists (select from pg_catalog.jsonb_path_query(${column}::jsonb, ${quoteLiteral(path)}) e where ${isOne(`(e #>> '{}')`)})`;
}

/** The spots of all tables, by canonical name. */
export function allSpots(
  { tables }: MapModel,
  identities: ReadonlyMap<string, Identity>,
): ReadonlyMap<string, readonly Spot[]> {
  return new Map([...tables].map(([name, table]) => [name, spotsOf(table, identities)]));
}
