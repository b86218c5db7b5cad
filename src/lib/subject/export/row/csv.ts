/**
 * A line of CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front, which
 * spreadsheets do not show; JSON has the value as it is.
 */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

export interface CsvCell {
  /** Null is an empty cell, and an empty text is `""`. */
  readonly text: string | null;
  /** A number, which may begin with a minus. */
  readonly isNumber?: boolean;
}

function cellText({ text, isNumber = false }: CsvCell): string {
  if (text === null) return '';
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return safe === '' || /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
