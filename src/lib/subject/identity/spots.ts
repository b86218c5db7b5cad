import { type DomainPlace, domainOf, type MapModel, type ModelTable } from '../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { addressPattern, type Identity, normalisedSql, searchForms } from './identities.ts';
import { jsonbSql } from './json-sql.ts';
import { wholeAddressSql } from './whole-address.ts';

/** A place in a table where a value that tells persons apart may stand. */
export interface Spot {
  readonly column: string;
  /** `inside`: somewhere in a text, which only an address can be found in. */
  readonly form: 'scalar' | 'array' | 'path' | 'inside';
  /** Of a `path`; of `inside`, where the text stands in a document. */
  readonly path?: string;
  /** Of a local part in a column of its own, which is a `scalar`. */
  readonly domain?: DomainPlace | undefined;
  readonly isBytes: boolean;
  readonly identity: Identity;
  /** Whether a row of somebody else is about the person whom this names; undefined where the map does not say. */
  readonly about: boolean | undefined;
  /** The reference to a row that is about that person besides. */
  readonly aboutBy?: string | undefined;
}

/** Every such place of a table. What is encrypted or hashed can be compared with nothing. */
function spotsOf(table: ModelTable, identities: ReadonlyMap<string, Identity>): readonly Spot[] {
  const anyEmail = [...identities.values()].find(({ kind }) => kind === 'email');
  return table.fields.flatMap(([column, field]): readonly Spot[] => {
    const { type = '', encrypted, hmac, paths = {} } = field;
    if (field.type === undefined || encrypted !== undefined || hmac !== undefined) return [];
    const identity = identities.get(field.identity ?? '');
    const common = { column, isBytes: /^bytea\b/i.test(type), domain: domainOf(table, field) };
    const own: readonly Spot[] =
      field.parser !== undefined
        ? insideOf(common, identity ?? anyEmail, field)
        : identity === undefined
          ? []
          : [{ ...common, form: type.endsWith('[]') ? 'array' : 'scalar', identity, ...aboutOf(field) }];
    const deeper = Object.entries(paths).flatMap(([path, part]): readonly Spot[] => {
      const found = identities.get(part.identity ?? '');
      if (part.parser !== undefined) {
        return insideOf(common, found ?? anyEmail, part).map((spot) => ({ ...spot, path }));
      }
      return found === undefined
        ? []
        : [{ ...common, form: 'path', path, identity: found, ...aboutOf(part) }];
    });
    return [...own, ...deeper];
  });
}

interface Told {
  readonly about?: boolean | { readonly by: string } | undefined;
}

const insideOf = (
  common: Pick<Spot, 'column' | 'isBytes'>,
  identity: Identity | undefined,
  told: Told,
): readonly Spot[] =>
  identity?.kind === 'email' ? [{ ...common, form: 'inside', identity, ...aboutOf(told) }] : [];

const aboutOf = ({ about }: Told): Pick<Spot, 'about' | 'aboutBy'> =>
  typeof about === 'object' ? { about: true, aboutBy: about.by } : { about };

/** The values that are known of a person, by kind of identity, as somebody wrote them. */
export type KnownValues = ReadonlyMap<string, ReadonlySet<string>>;

/** SQL: the whole value of a place as text, with its other half; of bytes, what is not ASCII with escapes. */
export function valueSql(
  { column, isBytes, domain }: Pick<Spot, 'column' | 'isBytes' | 'domain'>,
  alias: string,
): string {
  if (domain !== undefined) return wholeAddressSql(column, domain, alias);
  const name = `${alias}.${quoteIdentifier(column)}`;
  return isBytes ? `pg_catalog.encode(${name}, 'escape')` : `${name}::text`;
}

/** What `valueSql` read. */
export const valueRead = ({ isBytes }: Pick<Spot, 'isBytes'>, text: string): string =>
  isBytes
    ? Buffer.from(
        text.replaceAll(/\\(?:(\d{3})|\\)/g, (_, octal?: string) =>
          octal === undefined ? '\\' : String.fromCharCode(Number.parseInt(octal, 8)),
        ),
        'latin1',
      ).toString()
    : text;

/** As `valueSql` writes it. */
const escapedBytes = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      if (byte === 0x5c) return String.raw`\\`;
      return byte === 0 || byte >= 0x80
        ? `\\${byte.toString(8).padStart(3, '0')}`
        : String.fromCharCode(byte);
    })
    .join('');

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
  spot: Omit<Spot, 'about'>,
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
      return `exists (select from pg_catalog.jsonb_path_query(${jsonbSql(column)}, ${quoteLiteral(spot.path)}) e where (e #>> '{}') ~* ${pattern})`;
    }
    const text = spot.isBytes ? `pg_catalog.encode(${column}, 'escape')` : `${column}::text`;
    return `${text} ~* ${pattern}`;
  }
  const written = values.flatMap((value) => searchForms(identity, value));
  const forms = `${add([...new Set(spot.isBytes ? written.map(escapedBytes) : written)])}::text[]`;
  const isOne = (text: string) => `${normalisedSql(text, identity, { isUtf8 })} = any(${forms})`;
  if (form === 'scalar') return isOne(valueSql(spot, alias));
  if (form === 'array')
    return `exists (select from pg_catalog.unnest(${column}) e where ${isOne('e::text')})`;
  return `exists (select from pg_catalog.jsonb_path_query(${jsonbSql(column)}, ${quoteLiteral(path)}) e where ${isOne(`(e #>> '{}')`)})`;
}

/** The spots of all tables, by canonical name. */
export function allSpots(
  { tables }: MapModel,
  identities: ReadonlyMap<string, Identity>,
): ReadonlyMap<string, readonly Spot[]> {
  return new Map([...tables].map(([name, table]) => [name, spotsOf(table, identities)]));
}
