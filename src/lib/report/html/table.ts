import type { Cell, Table, TableColumn } from './report.ts';

export interface ColumnOf<Row> {
  readonly header: string;
  readonly cell: (row: Row) => Cell;
  readonly align?: 'left' | 'right';
  /** Where this column orders the table: by what, and in which direction. One column does. */
  readonly order?: readonly [by: (row: Row) => string | number, direction: 'ascending' | 'descending'];
}

const collator = new Intl.Collator('en', { numeric: true });

/** A table in the order of its ordering column; the page has no scripts, so it cannot be changed there. */
export function tableOf<Row>(
  rows: readonly Row[],
  columns: readonly ColumnOf<Row>[],
  whenEmpty: string,
): Table {
  const [by, direction] = columns.find(({ order }) => order !== undefined)?.order ?? [];
  const sign = direction === 'descending' ? -1 : 1;
  const sorted = by === undefined ? rows : rows.toSorted((a, b) => sign * compare(by(a), by(b)));
  return {
    columns: columns.map(
      ({ header, align = 'left', order }): TableColumn =>
        order === undefined ? { header, align } : { header, align, sorted: order[1] },
    ),
    rows: sorted.map((row) => columns.map(({ cell }) => cell(row))),
    whenEmpty,
  };
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}
