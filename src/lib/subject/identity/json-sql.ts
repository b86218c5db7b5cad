/**
 * SQL: a column of json or jsonb as jsonb, whose paths can be followed. `json` may hold what jsonb refuses, and one such
 * row would fail the whole statement: `\u0000`, and halves of surrogate pairs. They are no part of a name.
 */
export const jsonbSql = (column: string): string =>
  String.raw`(case when pg_catalog.pg_typeof(${column})::text = 'json'
    then pg_catalog.regexp_replace(${column}::text, '\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\ufffd', 'g')::jsonb
    else ${column}::jsonb end)`;
