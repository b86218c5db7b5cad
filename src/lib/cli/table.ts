import type { Table } from 'cli-table3';

export type TableFormat = 'table' | 'csv' | 'yaml';

export interface Column<Row> {
  readonly header: string;
  readonly value: (row: Row) => string | number | undefined;
  readonly align?: 'left' | 'right';
}

/** Rows for a person (aligned columns), a spreadsheet (RFC 4180) or a file (YAML with the headers as keys). */
export async function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: TableFormat,
): Promise<string> {
  if (format === 'csv') return csv(rows, columns);
  if (format === 'yaml') {
    const { stringify } = await import('yaml');
    return stringify(
      rows.map((row) => Object.fromEntries(columns.map(({ header, value }) => [header, value(row) ?? null]))),
    ).trimEnd();
  }
  const { default: CliTable } = await import('cli-table3');
  const table: Table = new CliTable({
    head: columns.map(({ header }) => header),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: { ...noBorders, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => columns.map(({ value }) => visible(String(value(row) ?? '–')))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const noBorders = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
);

function csv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [
    columns.map(({ header }) => header),
    ...rows.map((row) => columns.map(({ value }) => String(value(row) ?? ''))),
  ];
  return lines.map((cells) => cells.map(csvCell).join(',')).join('\r\n');
}

/** Quotes where RFC 4180 asks, and defuses cells that a spreadsheet would run as a formula. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Control characters from a database or a store must not steer the terminal. */
export function visible(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
