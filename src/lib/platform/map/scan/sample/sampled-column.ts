import type { Catalog, Column } from '../../../catalog/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../quote.ts';
import type { ValueKind } from '../value/inspect-value.ts';

/** A column whose values may hold text, and how they are asked for. */
export interface SampledColumn {
  readonly name: string;
  readonly kind: ValueKind;
  /** SQL: the beginning of a value, which `ValueKind` says how to read. */
  readonly expression: string;
  /** SQL: the value from a little before its first @ on; of a JSON document, whose paths begin at its root, its beginning. */
  readonly window: string;
  /** SQL: whether something like an address stands anywhere in the value. */
  readonly hasSign: string;
}

/** Bytes or characters of a value that are read. */
export const valueLength = 65_536;
/** Of text before the first @, so that the format of its beginning can be told. */
const before = 2000;

/** SQL: a regular expression that every address fits; what fits is looked into. */
const likeAddress = quoteLiteral(String.raw`[^\s@<>,;:]@[^\s@<>,;:.]+\.[^\s@<>,;:.]`);

/** Types none of whose values can hold an address. */
const withoutText =
  /^(?:smallint|integer|bigint|numeric|real|double precision|money|boolean|uuid|date|interval|time|timestamp|inet|cidr|macaddr8?|bit|point|line|lseg|box|path|polygon|circle|oid|xid8?|cid|tid|pg_lsn|txid_snapshot|pg_snapshot|reg[a-z]+|(?:int[48]|num|ts|tstz|date)(?:multi)?range)\b/;

/** Whether values of this type are numbers, times and the like, whatever they are. */
export function isWithoutText({ baseType }: Pick<Column, 'baseType'>, { types }: Catalog): boolean {
  const single = baseType.replace(/(?:\[\])+$/, '');
  if (withoutText.test(single)) return true;
  return types.some(({ kind, schema, name }) => kind === 'enum' && isNamed(single, schema, name));
}

/** `format_type` quotes where it has to. */
const isNamed = (type: string, schema: string, name: string): boolean =>
  [schema, quoteIdentifier(schema)].some((one) =>
    [name, quoteIdentifier(name)].some((other) => type === `${one}.${other}`),
  );

export function sampledColumn(column: Column, catalog: Catalog): SampledColumn {
  const { baseType, name } = column;
  const value = quoteIdentifier(name);
  if (baseType === 'bytea') {
    const bytes = `${value}::pg_catalog.bytea`;
    const position = `position('\\x40'::pg_catalog.bytea in ${bytes})`;
    return {
      name,
      kind: 'bytes',
      expression: `pg_catalog.substr(${bytes}, 1, ${valueLength})`,
      window: `pg_catalog.substr(${bytes}, greatest(1, ${position} - ${before}), ${valueLength})`,
      hasSign: `${position} > 0 and pg_catalog.encode(${bytes}, 'escape') ~ ${likeAddress}`,
    };
  }
  const kind = baseType.endsWith('[]') ? 'array' : /^jsonb?$/.test(baseType) ? 'json' : 'text';
  const text = textOf(value, baseType);
  // The server refuses to send text of a SQL_ASCII database that is no UTF-8; bytes it sends as they are.
  const sent = (sql: string): string =>
    catalog.database.encoding === 'SQL_ASCII' ? `pg_catalog.convert_to(${sql}, 'SQL_ASCII')` : sql;
  const left = `pg_catalog.left(${text}, ${valueLength})`;
  const window = `pg_catalog.substr(${text}, greatest(1, pg_catalog.strpos(${text}, '@') - ${before}), ${valueLength})`;
  return {
    name,
    kind,
    expression: sent(left),
    window: sent(kind === 'json' ? left : window),
    hasSign: `pg_catalog.strpos(${text}, '@') > 0 and ${text} ~ ${likeAddress}`,
  };
}

/** A cast may be somebody's function; what a type prints is not. */
function textOf(value: string, baseType: string): string {
  if (/^(?:text|character varying|character)\b/.test(baseType) && !baseType.endsWith('[]')) {
    return `${value}::pg_catalog.text`;
  }
  return `case when ${value} is not null then pg_catalog.format('%s', ${value}) end`;
}
