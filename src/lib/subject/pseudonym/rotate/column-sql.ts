import { quoteIdentifier } from '../../../platform/quote.ts';
import type { PseudonymColumn } from './scope.ts';

/** A pseudonym of any version, for PostgreSQL and JavaScript; the first group is the version. */
const token = String.raw`p([1-9][0-9]{0,3})\.[a-z2-7]{24}(?:@pseudonym\.invalid)?`;

/**
 * Where one may stand in a column's text. A JSON string whose first quote is escaped is part of a longer one. An element
 * of an array needs no quotes, as it has neither blanks nor commas.
 */
const patterns: Readonly<Record<PseudonymColumn['form'], string>> = {
  text: `^${token}$`,
  json: String.raw`(?<!\\)"${token}"`,
  array: `[{,]${token}[,}]`,
};

/** SQL: the column as it is read, compared and written: in PostgreSQL's text form, which loses nothing. */
export const textSql = ({ name }: PseudonymColumn, alias: string): string =>
  `${alias}.${quoteIdentifier(name)}::text`;

/** SQL: whether a row may have a pseudonym in this column. */
export const mayHoldSql = (column: PseudonymColumn, alias: string): string =>
  `${textSql(column, alias)} ~ '${patterns[column.form]}'`;

/** SQL: the version of every pseudonym of a table's column, one a row. */
export function versionsSql(column: PseudonymColumn, table: string): string {
  const versionOf = (text: string) => `pg_catalog.substring(${text}, '^p([0-9]+)')::int as version`;
  const name = `t.${quoteIdentifier(column.name)}`;
  if (column.form === 'text')
    return `select ${versionOf(`${name}::text`)} from ${table} t where ${mayHoldSql(column, 't')}`;
  if (column.form === 'array')
    return `select ${versionOf('e::text')} from ${table} t, pg_catalog.unnest(${name}) e where e::text ~ '${patterns.text}'`;
  return `select m[1]::int as version from ${table} t, pg_catalog.regexp_matches(${name}::text, '${patterns.json}', 'g') m`;
}

/**
 * A stored text with every pseudonym in it changed, and how many were. Strings of a JSON document and elements of an
 * array are taken only as a whole: a pseudonym within a longer text is somebody's own words.
 */
export function changedText(
  { form }: Pick<PseudonymColumn, 'form'>,
  text: string,
  change: (pseudonym: string) => string,
): { readonly text: string; readonly values: number } {
  let values = 0;
  const counted = (pseudonym: string): string => {
    const changed = change(pseudonym);
    if (changed !== pseudonym) values += 1;
    return changed;
  };
  const changed = {
    text: () => counted(text),
    json: () =>
      text.replaceAll(new RegExp(patterns.json, 'g'), (found) => `"${counted(found.slice(1, -1))}"`),
    // What stands in quotes is passed over as a whole.
    array: () =>
      text.replaceAll(new RegExp(`"(?:[^"\\\\]|\\\\.)*"|(?<=[{,])${token}(?=[,}])`, 'gs'), (found) =>
        found.startsWith('"') ? found : counted(found),
      ),
  }[form]();
  return { text: changed, values };
}
