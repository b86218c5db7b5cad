/**
 * A text as an SQL literal on one line, whatever standard_conforming_strings says: the scripts of a set keep one
 * statement to a line.
 */
export function lineLiteral(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `E'${escaped}'`;
}

/** Runs statements that need the name of the database they run in; `%I` in each stands for it. */
export function inThisDatabase(statements: readonly string[]): string {
  return statements
    .map(
      (statement) =>
        `DO ${lineLiteral(`begin execute pg_catalog.format(${lineLiteral(statement)}, pg_catalog.current_database()); end`)};\n`,
    )
    .join('');
}
