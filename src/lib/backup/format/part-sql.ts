import { qualifiedName, quoteIdentifier } from '../../platform/quote.ts';

export interface CopiedTable {
  readonly schema: string;
  readonly name: string;
  /** Columns in the order of the copy; empty for a table of none, or of generated ones only. */
  readonly columns: readonly string[];
  readonly condition?: string | undefined;
  /** Columns whose values are kept elsewhere: zeros of the same length stand for them. */
  readonly zeroed?: readonly ZeroedColumn[] | undefined;
}

export interface ZeroedColumn {
  readonly column: string;
  readonly type: 'bytea' | 'text';
}

/** What ends the rows of a part; in text COPY no row can be this line. */
export const copyTrailer = Buffer.from('\\.\n');

/**
 * `COPY … FROM stdin`, as it stands in a part and as the restore sends it. The rows are in the database's own
 * encoding, as they are stored; names in the statement are in UTF-8.
 */
export function copyFromSql({ schema, name, columns }: CopiedTable, encoding: string): string {
  const list = columns.length === 0 ? '' : ` (${columns.map(quoteIdentifier).join(', ')})`;
  return `COPY ${qualifiedName(schema, name)}${list} FROM stdin WITH (ENCODING '${encoding}')`;
}

/**
 * How values are written as text, the same whenever rows are read or loaded: what a session, a role or a database
 * has set would otherwise change dates, intervals, money and floats, and with them the checksum.
 */
export const textFormatSettings: readonly string[] = [
  `SET client_encoding = 'UTF8'`,
  `SET DateStyle = 'ISO, MDY'`,
  `SET IntervalStyle = 'postgres'`,
  `SET TimeZone = 'UTC'`,
  `SET lc_monetary = 'C'`,
  'SET extra_float_digits = 3',
  `SET bytea_output = 'hex'`,
  `SET xmloption = 'content'`,
  'SET row_security = off',
];

/** The first lines of a part: with the rows and the trailer behind them they are a script for stock psql. */
export function partHeader(table: CopiedTable, encoding: string): Buffer {
  return Buffer.from(`${[...textFormatSettings, copyFromSql(table, encoding)].join(';\n')};\n`);
}

/** Blocks [first, end) of a table; end null means to its end, however much it has grown. */
export type BlockRange = readonly [first: number, end: number | null];

/**
 * What reads a table, or a range of its blocks. Only its own rows: children and partitions are tables of their own.
 * A table without columns to copy still has rows: an empty select list counts them as empty lines.
 */
export function copyToSql(table: CopiedTable, encoding: string, blocks?: BlockRange): string {
  const format = `TO STDOUT WITH (ENCODING '${encoding}')`;
  const conditions = [
    ...(table.condition === undefined ? [] : [table.condition.replace(/^\s*where\s/i, '')]),
    ...(blocks === undefined || blocks[0] === 0 ? [] : [`ctid >= '(${blocks[0]},0)'::pg_catalog.tid`]),
    ...(blocks === undefined || blocks[1] === null ? [] : [`ctid < '(${blocks[1]},0)'::pg_catalog.tid`]),
  ];
  const from = qualifiedName(table.schema, table.name);
  const zeroed = new Map(table.zeroed?.map(({ column, type }) => [column, type]));
  if (conditions.length === 0 && table.columns.length > 0 && zeroed.size === 0) {
    return `COPY ${from} (${table.columns.map(quoteIdentifier).join(', ')}) ${format}`;
  }
  const columns = table.columns.map((column) => valueOf(quoteIdentifier(column), zeroed.get(column)));
  const where =
    conditions.length === 0 ? '' : ` WHERE ${conditions.map((text) => `(${text})`).join(' AND ')}`;
  return `COPY (SELECT ${columns.join(', ')} FROM ONLY ${from}${where}) ${format}`;
}

/** Zeros as many as there were bytes or characters, so that a check of their length still holds; NULL stays NULL. */
function valueOf(column: string, zeroed: ZeroedColumn['type'] | undefined): string {
  if (zeroed === undefined) return column;
  return zeroed === 'bytea'
    ? `pg_catalog.decode(pg_catalog.repeat('00', pg_catalog.octet_length(${column})), 'hex')`
    : `pg_catalog.repeat('0', pg_catalog.length(${column}))`;
}
