import {
  type ModelTable,
  type ObjectKeyPart,
  parseObjectKey,
  tableName,
} from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral, quoteTextArray } from '../../../platform/quote.ts';
import type { Parameters } from '../../identity/spots.ts';
import type { Column } from './column.ts';

/** Asks for several things of each row, and finds them again in what comes. */
export interface RowQuery {
  readonly sql: string;
  /** Where each of the things stands. */
  readonly at: ReadonlyMap<string, number>;
}

/** @param wanted SQL over the row `t`, by a name of its own; text or bytea */
export function rowQuery(table: ModelTable, where: string, wanted: ReadonlyMap<string, string>): RowQuery {
  const names = [...wanted.keys()];
  return {
    sql: `select ${[...wanted.values()].join(', ')} from ${tableName(table.name)} t where ${where}`,
    at: new Map(names.map((name, index) => [name, index])),
  };
}

/** The key of a row's object; null where the row has none. */
export function objectKeySql(
  column: string,
  { key, isColumn }: { readonly key: string; readonly isColumn: boolean },
): string {
  const parts = (parseObjectKey(key) ?? []).map((part: ObjectKeyPart) =>
    'text' in part ? quoteLiteral(part.text) : `t.${quoteIdentifier(part.column)}::text`,
  );
  const text = parts.length === 0 ? 'null::text' : `(${parts.join(' || ')})`;
  return isColumn ? `case when t.${quoteIdentifier(column)} is null then null else ${text} end` : text;
}

/**
 * Columns as one list of texts, as JSON: it holds whatever a key may.
 * @param secret which of them open an account: of these, digits of their SHA-256, since keys come into names of files
 */
export function keySql(columns: readonly string[], secret: (column: string) => boolean): string {
  if (columns.length === 0) return `'[]'`;
  const parts = columns.map((name) => {
    const text = `t.${quoteIdentifier(name)}::text`;
    if (!secret(name)) return text;
    return `pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8')), 'hex'), 16)`;
  });
  return `pg_catalog.json_build_array(${parts.join(', ')})::text`;
}

/** The columns as they are exported. */
export const columnSql = (columns: readonly Column[]): readonly (readonly [string, string])[] =>
  columns.map(({ name, sql }) => [`column ${name}`, sql]);

/** For COPY, which takes no parameters: values stand in the statement itself, quoted. */
export const literals: Parameters['add'] = (value) => {
  if (typeof value === 'string') return quoteLiteral(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return quoteTextArray(value);
  throw new TypeError('a value of this kind has no literal here');
};
