// Names in the data map are exact: nothing folds their case, and only a part that holds a dot, a double quote or
// blanks at its ends needs double quotes, doubled inside as in SQL: public.Messages, "my.schema"."a ""b""".

/** One part of a dotted name, as a regular expression. */
const part = String.raw`(?:[^."\s](?:[^."]*[^."\s])?|"(?:[^"]|"")+")`;

/** A dotted name of exactly this many parts, as a regular expression. */
export function namePattern(parts: number): RegExp {
  return new RegExp(`^${Array.from({ length: parts }, () => part).join(String.raw`\.`)}$`, 'u');
}

/** The parts of a dotted name without their quotes; undefined when the text is none. */
export function parseName(text: string): readonly string[] | undefined {
  if (!new RegExp(String.raw`^${part}(?:\.${part})*$`, 'u').test(text)) return undefined;
  return Array.from(text.matchAll(new RegExp(part, 'gu')), ([found]) =>
    found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found,
  );
}

/** The one way to write these parts, with quotes only where they are needed. */
export function formatName(...parts: readonly string[]): string {
  return parts
    .map((text) => (/^[^."\s](?:[^."]*[^."\s])?$/u.test(text) ? text : `"${text.replaceAll('"', '""')}"`))
    .join('.');
}

/** A name with the same meaning in the one way to write it; the text itself when it is no name. */
export function canonicalName(text: string): string {
  const parts = parseName(text);
  return parts === undefined ? text : formatName(...parts);
}

export interface ColumnName {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly column: string;
}

/** `schema.table.column`; undefined when it is something else. */
export function parseColumnName(text: string): ColumnName | undefined {
  const [schema, table, column, ...rest] = parseName(text) ?? [];
  if (schema === undefined || table === undefined || column === undefined || rest.length > 0)
    return undefined;
  return { table: formatName(schema, table), column };
}
