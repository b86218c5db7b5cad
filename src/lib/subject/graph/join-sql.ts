import { type ModelReference, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { jsonbSql } from '../identity/json-sql.ts';

/**
 * SQL: whether a row `alias` refers to one of the rows of its reference's table that `where` tells, over their alias
 * `inner`. What is equal by convention is compared as text.
 */
export function refersTo(reference: ModelReference, alias: string, inner: string, where: string): string {
  const from = referringSql(reference, alias);
  const to = referredSql(reference, inner);
  return `(${from}) in (select ${to} from ${tableName(reference.toTable)} ${inner} where ${where})`;
}

/** SQL, the other way round: whether one of the rows that `where` tells over `inner` refers to a row `alias`. */
export function referredBy(reference: ModelReference, alias: string, inner: string, where: string): string {
  const from = referringSql(reference, inner);
  return `(${referredSql(reference, alias)}) in (select ${from} from ${tableName(reference.fromTable)} ${inner} where ${where})`;
}

/** SQL: what the referring row `alias` has, as it is compared; NULL where the row refers to something else. */
export function referringSql(reference: ModelReference, alias: string): string {
  const { columns, entry } = reference;
  const refers = Object.entries(entry.when ?? {}).map(
    ([name, value]) => `${alias}.${quoteIdentifier(name)}::text = ${quoteLiteral(String(value))}`,
  );
  return columns
    .map((name) => {
      const column = `${alias}.${quoteIdentifier(name)}`;
      const value =
        entry.path === undefined
          ? column
          : `pg_catalog.jsonb_path_query_first(${jsonbSql(column)}, ${quoteLiteral(entry.path)}) #>> '{}'`;
      const own = withoutEnds(entry, value);
      return folded(
        reference,
        refers.length === 0 ? own : `case when ${refers.join(' and ')} then ${own} end`,
      );
    })
    .join(', ');
}

/** NULL where they are not there. */
function withoutEnds({ prefix = '', suffix = '' }: ModelReference['entry'], value: string): string {
  if (prefix === '' && suffix === '') return value;
  const text = `(${value})::text`;
  const [before, behind] = [quoteLiteral(prefix), quoteLiteral(suffix)];
  // Compared as equal texts, since an underscore or a per cent sign would mean something to LIKE.
  const ends = `pg_catalog.left(${text}, pg_catalog.length(${before})) = ${before} and pg_catalog.right(${text}, pg_catalog.length(${behind})) = ${behind}`;
  const rest = `greatest(pg_catalog.length(${text}) - pg_catalog.length(${before}) - pg_catalog.length(${behind}), 0)`;
  return `case when ${ends} then pg_catalog.substr(${text}, pg_catalog.length(${before}) + 1, ${rest}) end`;
}

/** SQL: what the row `alias` that is referred to has, as it is compared. */
export function referredSql(reference: ModelReference, alias: string): string {
  return reference.toColumns.map((name) => folded(reference, `${alias}.${quoteIdentifier(name)}`)).join(', ');
}

function folded({ entry }: ModelReference, sql: string): string {
  const text = entry.kind === 'soft' ? `(${sql})::text` : sql;
  const lower = entry.fold?.startsWith('lower') === true ? `pg_catalog.lower(${text})` : text;
  return entry.fold?.endsWith('nfc') === true ? `pg_catalog.normalize(${lower}, 'NFC')` : lower;
}
