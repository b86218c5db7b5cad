/**
 * How PostgreSQL prints the same thing in another way once it has been restored. Each rule turns the first way into
 * the second, or both into a third.
 */
const rules: readonly { readonly pattern: RegExp; readonly replace: (...match: string[]) => string }[] = [
  {
    // `varchar IN ('a', 'b')`: the cast of the whole list becomes one of each element.
    pattern: /\(ARRAY\[((?:'(?:[^']|'')*'::character varying(?:, )?)+)\]\)::text\[\]/g,
    replace: (_, list = '') =>
      `ARRAY[${list.replace(/'(?:[^']|'')*'::character varying/g, (element) => `(${element})::text`)}]`,
  },
  {
    // In the body of an SQL function, a column gets its own name as an alias.
    pattern: /\.("(?:[^"]|"")+"|[a-z_][\w$]*) AS \1(?![\w$"])/g,
    replace: (_, column = '') => `.${column}`,
  },
  {
    // A table that joined its parent later gets the parent's columns first.
    pattern: /^(CREATE [A-Z ]*TABLE [^\n]+ \(\n)((?: {4}[^\n]*\n)+)(\)\nINHERITS )/gm,
    replace: (_, head = '', columns = '', tail = '') =>
      `${head}${columns.replace(/\n$/, '').split(/,\n/).sort().join(',\n')}\n${tail}`,
  },
];

/**
 * A schema dump in a form for comparison only: it equals that of the restored database where pg_dump's own output may
 * differ, although both mean the same. It is not meant to be run.
 */
export function comparableSchema(dump: Uint8Array): Buffer {
  // Latin-1 maps every byte to one character and back.
  const text = Buffer.from(dump.buffer, dump.byteOffset, dump.byteLength).toString('latin1');
  const comparable = rules.reduce((result, { pattern, replace }) => result.replace(pattern, replace), text);
  return Buffer.from(comparable, 'latin1');
}
