import type { Client } from '../../../../base/postgres.ts';
import type { Relation } from '../../../catalog/index.ts';
import { qualifiedName } from '../../../quote.ts';
import type { SampledColumn } from './sampled-column.ts';
import type { TableSize } from './table-size.ts';

export interface SampleLimits {
  /** Rows of a table that are read, unless it is small. */
  readonly rows: number;
  /** Of values of one table. */
  readonly bytes: number;
  /** Milliseconds for one table. */
  readonly time: number;
}

export type SampleRow = readonly (string | Buffer | null)[];

/** Main data of a table that is read whole, however many rows: 4 MiB. */
const smallTable = 4 * 2 ** 20;
const pageSize = 8192;
/** Pages that a sample has at least, so that a few full ones do not stand for the whole. */
const fewestPages = 64;
const batchBytes = 2 ** 22;
const [firstBatch, largestBatch] = [50, 2000];

/** What share of a table's pages is read, in percent; 100 is all of them. */
export function sampleShare({ bytes, toastBytes, rows }: TableSize, limits: SampleLimits): number {
  const total = bytes + toastBytes;
  if (bytes <= smallTable && total <= limits.bytes) return 100;
  const share = Math.min(limits.rows / Math.max(1, rows), limits.bytes / total);
  return Math.min(100, 100 * Math.max(share, (fewestPages * pageSize) / Math.max(1, bytes)));
}

/**
 * How large a table is, with the rows of a few pages counted: what the server estimates may be years old.
 * @throws whatever the server says, which may quote values: never print it
 */
export async function measured(
  db: Client,
  relation: Relation,
  size: TableSize,
  { time }: SampleLimits,
): Promise<TableSize> {
  const share = (100 * fewestPages * pageSize) / Math.max(1, size.bytes);
  if (size.bytes <= smallTable || relation.kind === 'foreign-table') return size;
  await db.query('begin read only');
  try {
    await db.query(`set local statement_timeout = ${Math.ceil(time)}`);
    const { rows } = await db.query<{ readonly rows: string }>(
      `select count(*) as rows from ${sampledTable(relation, share)}`,
    );
    const counted = Number(rows[0]?.rows);
    return counted === 0 ? size : { ...size, rows: Math.round((100 * counted) / share) };
  } finally {
    await db.query('rollback').catch(() => {});
  }
}

/** SQL: the table, or pages spread over all of it; the same ones each time. */
export function sampledTable({ schema, name, kind }: Relation, share: number): string {
  // A table's other children, by INHERITS, are tables of their own.
  const from = `${kind === 'table' ? 'only ' : ''}${qualifiedName(schema, name)}`;
  // A foreign table has no pages that we could choose.
  if (share >= 100 || kind === 'foreign-table') return from;
  return `${from} tablesample system (${share.toFixed(6)}) repeatable (1)`;
}

/**
 * Reads rows from pages spread over the table (all rows of a small one) in a transaction that cannot write, until a
 * limit is reached.
 * @returns whether every row was read
 * @throws whatever the server says, which may quote values: never print it
 */
export async function readSample(
  db: Client,
  { relation, columns, share, limits, signal }: ReadSampleOptions,
  take: (row: SampleRow) => void,
): Promise<boolean> {
  const deadline = performance.now() + limits.time;
  const selected = columns.map(({ expression }) => expression).join(', ');
  await db.query('begin read only');
  try {
    await db.query(`set local statement_timeout = ${Math.ceil(limits.time)}`);
    await db.query(
      `declare postern_sample no scroll cursor for select ${selected} from ${sampledTable(relation, share)}`,
    );
    // Pages hold more or fewer rows than the server estimates.
    let rowsLeft = share === 100 && relation.kind !== 'foreign-table' ? Infinity : 2 * limits.rows;
    let bytesLeft = limits.bytes;
    for (let size = firstBatch; ; ) {
      signal.throwIfAborted();
      const { rows } = await db.query<(string | Buffer | null)[]>({
        text: `fetch forward ${size} from postern_sample`,
        rowMode: 'array',
        types: asSent,
      });
      const bytes = rows.reduce(
        (sum, row) => sum + row.reduce((own, value) => own + (value?.length ?? 0), 0),
        0,
      );
      for (const row of rows) take(row);
      if (rows.length < size) return share === 100;
      rowsLeft -= rows.length;
      bytesLeft -= bytes;
      if (rowsLeft <= 0 || bytesLeft <= 0 || performance.now() > deadline) return false;
      size = Math.min(
        largestBatch,
        4 * size,
        Math.max(1, Math.floor((batchBytes * rows.length) / (bytes + 1))),
      );
    }
  } finally {
    await db.query('rollback').catch(() => {});
  }
}

export interface ReadSampleOptions {
  readonly relation: Relation;
  readonly columns: readonly SampledColumn[];
  readonly share: number;
  readonly limits: SampleLimits;
  readonly signal: AbortSignal;
}

/** Values of which one column asks the server directly: those with an @ in them, wherever they are. */
const fewestSigns = 20;

/**
 * Looks for values with an @ in a column of a table of which only a sample was read: an address that one row in a
 * million has is in no sample. The server searches for at most `time` milliseconds; what it has not found by then is
 * not found.
 */
export async function readRare(
  db: Client,
  {
    relation,
    column,
    time,
  }: { readonly relation: Relation; readonly column: SampledColumn; readonly time: number },
  take: (value: string | Buffer) => void,
): Promise<void> {
  await db.query('begin read only');
  try {
    await db.query(`set local statement_timeout = ${Math.max(1, Math.ceil(time))}`);
    const { rows } = await db.query<(string | Buffer | null)[]>({
      text: `select ${column.window} from ${sampledTable(relation, 100)} where ${column.hasSign} limit ${fewestSigns}`,
      rowMode: 'array',
      types: asSent,
    });
    for (const [value] of rows) if (value !== null && value !== undefined) take(value);
  } finally {
    await db.query('rollback').catch(() => {});
  }
}

const bytea = 17;

/** Bytes as bytes, everything else as the server writes it. */
const asSent = {
  getTypeParser: (oid: number) => (value: string) =>
    oid === bytea ? Buffer.from(value.slice(2), 'hex') : value,
};
