import type { Client, Queryable } from '../../base/postgres.ts';
import type { Condition } from '../../platform/walk/index.ts';

/** A row as it was read, found again by its key. */
export interface KeyedRow {
  readonly key: readonly string[];
}

export interface RowBatch<Row extends KeyedRow> {
  readonly rows: readonly Row[];
  /** Of the last row that was looked at, whether there is something to do in it or not. */
  readonly lastKey: readonly string[];
}

export interface ReadOptions {
  readonly after?: readonly string[];
  readonly until?: readonly string[];
  readonly batchSize: number;
  readonly where?: Condition;
}

/** What a walk does to the rows of a table. */
export interface RowWork<Row extends KeyedRow> {
  /** Canonical `schema.table`, and the column under whose name rows come into quarantine. */
  readonly table: string;
  readonly column: string;
  /** In the order of the table's key, a batch at a time. */
  read(db: Queryable, options: ReadOptions): AsyncGenerator<RowBatch<Row>, void, undefined>;
  /** The rows with these keys as they are now; those that are gone, or need nothing any more, are left out. */
  reread(db: Queryable, keys: readonly (readonly string[])[]): Promise<readonly Row[]>;
  /** Does it to rows that are still as they were read, and to no others. Doing it twice is the same as once. */
  pass(db: Client, rows: readonly Row[]): Promise<PassOutcome>;
}

export interface PassOutcome {
  readonly written: number;
  /** Keys of rows that were others by the time they were to be written. */
  readonly moved: readonly (readonly string[])[];
  readonly refused: readonly RefusedValue[];
}

/** A value that stays as it is, and a code that says why. */
export interface RefusedValue {
  readonly key: readonly string[];
  readonly reason: string;
}

/** What became of a batch. */
export interface BatchOutcome {
  readonly seen: number;
  readonly written: number;
  /** How often a value was another by the time it was to be replaced; it was read again. */
  readonly moved: number;
  readonly refused: readonly RefusedValue[];
}

/** How often a value that the application keeps changing is read again, before it is left to a later pass. */
const attempts = 5;

/** Works on a batch of rows; never over a change that the application made meanwhile. */
export async function workOnBatch<Row extends KeyedRow>(
  work: RowWork<Row>,
  db: Client,
  rows: readonly Row[],
): Promise<BatchOutcome> {
  const refused: RefusedValue[] = [];
  let written = 0;
  let moved = 0;
  let pending = rows;
  for (let attempt = 1; pending.length > 0; attempt += 1) {
    if (attempt > attempts) {
      refused.push(...pending.map(({ key }) => ({ key, reason: 'value-busy' })));
      break;
    }
    const outcome = await work.pass(db, pending);
    written += outcome.written;
    moved += outcome.moved.length;
    refused.push(...outcome.refused);
    pending = await work.reread(db, outcome.moved);
  }
  return { seen: rows.length, written, moved, refused };
}
