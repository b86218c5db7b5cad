import { qualifiedName, quoteIdentifier } from '../quote.ts';
import type { WalkableTable, WalkKeyColumn } from './walkable-table.ts';

/** A condition with its own values, numbered from $1. */
export interface Condition {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface WalkQueryOptions {
  readonly columns: readonly string[];
  /** SQL of the caller's own, selected under these names; the table's columns are those of `walked`. */
  readonly expressions?: Readonly<Record<string, string>>;
  readonly batchSize: number;
  /** Only rows whose key is greater than this. */
  readonly after?: readonly string[];
  /** Only rows whose key is this or less. */
  readonly until?: readonly string[];
  readonly where?: Condition;
}

/**
 * The statement for one batch: the key's values first, then the columns. What it compares by, what it orders by and
 * what the index is sorted by are the same: each column's own collation and its type's default order.
 */
export function walkQuery(table: WalkableTable, options: WalkQueryOptions): Condition {
  const { columns, expressions = {}, batchSize, after, until } = options;
  const { where = { text: '', values: [] } } = options;
  const afterFirst = where.values.length + 1;
  const untilFirst = afterFirst + (after?.length ?? 0);
  const conditions = [
    ...(where.text === '' ? [] : [`(${where.text})`]),
    ...(after === undefined ? [] : [`(${compareKey(table.key, '>', afterFirst)})`]),
    ...(until === undefined ? [] : [`(${compareKey(table.key, '<=', untilFirst)})`]),
  ];
  const selected = [
    ...table.key.map(keyText),
    ...columns.map(quoteIdentifier),
    ...Object.entries(expressions).map(([name, sql]) => `${sql} as ${quoteIdentifier(name)}`),
  ];
  const from = `${table.kind === 'table' ? 'only ' : ''}${qualifiedName(table.schema, table.name)} as walked`;
  const text = [
    `select ${selected.join(', ')} from ${from}`,
    ...(conditions.length === 0 ? [] : [`where ${conditions.join(' and ')}`]),
    `order by ${table.key.map(({ name }) => quoteIdentifier(name)).join(', ')}`,
    `limit ${batchSize}`,
  ].join(' ');
  return { text, values: [...where.values, ...(after ?? []), ...(until ?? [])] };
}

/** A date is written as DateStyle says, which another session may have set otherwise; JSON has one form. */
export function keyText({ name, type, baseType = type }: WalkKeyColumn): string {
  const column = quoteIdentifier(name);
  return /^(date|timestamp)/.test(baseType)
    ? `pg_catalog.to_json(${column}) operator(pg_catalog.#>>) '{}'`
    : column;
}

/** `row(…) > row($n, …)`: the key compared with values numbered from `first`. */
function compareKey(key: readonly WalkKeyColumn[], symbol: '>' | '<=', first: number): string {
  const schemas = new Set(key.map(({ operatorSchema = 'pg_catalog' }) => operatorSchema));
  const [schema = 'pg_catalog'] = schemas;
  if (schemas.size > 1) return compareColumnwise(key, symbol, first);
  const names = key.map(({ name }) => quoteIdentifier(name));
  const values = key.map((column, index) => parameter(column, first + index));
  return key.length === 1
    ? `${names[0]} ${operator(schema, symbol)} ${values[0]}`
    : `row(${names.join(', ')}) ${operator(schema, symbol)} row(${values.join(', ')})`;
}

/**
 * A row comparison takes all its operators from one schema. Where they come from several, the comparison is spelt
 * out; the bound on the first column alone lets the index be used all the same.
 */
function compareColumnwise(key: readonly WalkKeyColumn[], symbol: '>' | '<=', first: number): string {
  const [head, ...rest] = key;
  if (head === undefined) return 'false';
  const name = quoteIdentifier(head.name);
  const value = parameter(head, first);
  const schema = head.operatorSchema ?? 'pg_catalog';
  if (rest.length === 0) return `${name} ${operator(schema, symbol)} ${value}`;
  const [strict, loose] = symbol === '>' ? (['>', '>='] as const) : (['<', '<='] as const);
  const same = `${name} ${operator(schema, '=')} ${value}`;
  const beyond = `${name} ${operator(schema, strict)} ${value}`;
  const others = compareColumnwise(rest, symbol, first + 1);
  return `${name} ${operator(schema, loose)} ${value} and (${beyond} or (${same} and ${others}))`;
}

const operator = (schema: string, symbol: string): string => `operator(${quoteIdentifier(schema)}.${symbol})`;
const parameter = ({ type }: WalkKeyColumn, number: number): string => `$${number}::${type}`;
