import { qualifiedName, quoteIdentifier } from '../quote.ts';
import type { WalkableTable, WalkKeyColumn } from './walkable-table.ts';

/** A condition with its own values, numbered from $1. */
export interface Condition {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface WalkQueryOptions {
  readonly columns: readonly string[];
  readonly batchSize: number;
  readonly after?: readonly string[];
  readonly where?: Condition;
}

/**
 * The statement for one batch: the key's values first, then the columns. What it compares by, what it orders by and
 * what the index is sorted by are the same: each column's own collation and its type's default order.
 */
export function walkQuery(table: WalkableTable, options: WalkQueryOptions): Condition {
  const { columns, batchSize, after, where = { text: '', values: [] } } = options;
  const conditions = [
    ...(where.text === '' ? [] : [`(${where.text})`]),
    ...(after === undefined ? [] : [`(${isAfter(table.key, where.values.length + 1)})`]),
  ];
  const selected = [...table.key.map(keyText), ...columns.map(quoteIdentifier)];
  const from = `${table.kind === 'table' ? 'only ' : ''}${qualifiedName(table.schema, table.name)}`;
  const text = [
    `select ${selected.join(', ')} from ${from}`,
    ...(conditions.length === 0 ? [] : [`where ${conditions.join(' and ')}`]),
    `order by ${table.key.map(({ name }) => quoteIdentifier(name)).join(', ')}`,
    `limit ${batchSize}`,
  ].join(' ');
  return { text, values: [...where.values, ...(after ?? [])] };
}

/** A date is written as DateStyle says, which another session may have set otherwise; JSON has one form. */
function keyText({ name, type, baseType = type }: WalkKeyColumn): string {
  const column = quoteIdentifier(name);
  return /^(date|timestamp)/.test(baseType)
    ? `pg_catalog.to_json(${column}) operator(pg_catalog.#>>) '{}'`
    : column;
}

function isAfter(key: readonly WalkKeyColumn[], first: number): string {
  const schemas = new Set(key.map(({ operatorSchema = 'pg_catalog' }) => operatorSchema));
  const [schema = 'pg_catalog'] = schemas;
  if (schemas.size > 1) return isAfterColumnwise(key, first);
  const names = key.map(({ name }) => quoteIdentifier(name));
  const values = key.map((column, index) => parameter(column, first + index));
  return key.length === 1
    ? `${names[0]} ${operator(schema, '>')} ${values[0]}`
    : `row(${names.join(', ')}) ${operator(schema, '>')} row(${values.join(', ')})`;
}

/**
 * A row comparison takes all its operators from one schema. Where they come from several, the comparison is spelt
 * out; the bound on the first column alone lets the index be used all the same.
 */
function isAfterColumnwise(key: readonly WalkKeyColumn[], first: number): string {
  const [head, ...rest] = key;
  if (head === undefined) return 'false';
  const name = quoteIdentifier(head.name);
  const value = parameter(head, first);
  const schema = head.operatorSchema ?? 'pg_catalog';
  const beyond = `${name} ${operator(schema, '>')} ${value}`;
  if (rest.length === 0) return beyond;
  const same = `${name} ${operator(schema, '=')} ${value}`;
  return `${name} ${operator(schema, '>=')} ${value} and (${beyond} or (${same} and ${isAfterColumnwise(rest, first + 1)}))`;
}

const operator = (schema: string, symbol: string): string => `operator(${quoteIdentifier(schema)}.${symbol})`;
const parameter = ({ type }: WalkKeyColumn, number: number): string => `$${number}::${type}`;
