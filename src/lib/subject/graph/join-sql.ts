import { type ModelReference, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';

/**
 * SQL: whether a row `alias` refers to one of the rows of its reference's table that `where` tells, over their alias
 * `inner`. What is equal by convention is compared as text.
 */
export function refersTo(reference: ModelReference, alias: string, inner: string, where: string): string {
  const { columns, toColumns, toTable, entry } = reference;
  const isSoft = entry.kind === 'soft';
  const folded = (sql: string): string => {
    const text = isSoft ? `(${sql})::text` : sql;
    const lower = entry.fold?.startsWith('lower') === true ? `pg_catalog.lower(${text})` : text;
    return entry.fold?.endsWith('nfc') === true ? `pg_catalog.normalize(${lower}, 'NFC')` : lower;
  };
  const from = columns.map((name) => {
    const column = `${alias}.${quoteIdentifier(name)}`;
    return folded(
      entry.path === undefined
        ? column
        : `pg_catalog.jsonb_path_query_first(${column}::jsonb, ${quoteLiteral(entry.path)}) #>> '{}'`,
    );
  });
  const to = toColumns.map((name) => folded(`${inner}.${quoteIdentifier(name)}`));
  return `(${from.join(', ')}) in (select ${to.join(', ')} from ${tableName(toTable)} ${inner} where ${where})`;
}
