import { once } from 'node:events';
import type { Client } from '../base/postgres.ts';
import { createCopyEncoder } from './generate/copy-encoder.ts';
import type { TableData } from './generate/table.ts';

export interface LoadOptions {
  /** Told how many rows were sent since the last time. */
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal | undefined;
  /** Partitioned tables take no FREEZE. */
  readonly freeze: 'rows' | 'nothing';
}

/**
 * Copies a table's rows into the empty table, in one transaction that empties it first: so PostgreSQL need not log
 * what would be gone after a crash anyway (wal_level minimal), and the rows need no vacuum later.
 */
export async function loadTable(
  client: Client,
  { table, columns, rows }: TableData,
  options: LoadOptions,
): Promise<number> {
  const { from } = await import('pg-copy-streams');
  const names = Object.keys(columns).join(', ');
  const freeze = options.freeze === 'rows' ? ', FREEZE' : '';
  await client.query('BEGIN');
  await client.query(`TRUNCATE ${table} CASCADE`);
  const copy = client.query(from(`COPY ${table} (${names}) FROM STDIN (FORMAT binary${freeze})`));
  const finished = once(copy, 'finish');
  // The failure is awaited below; until then, and once more when the stream is closed, it must not end the process.
  finished.catch(() => {});
  copy.on('error', () => {});
  const encoder = createCopyEncoder(Object.values(columns));
  let count = 0;
  let reported = 0;
  try {
    for (const row of rows()) {
      encoder.row(row);
      count += 1;
      const chunk = encoder.take();
      if (chunk === undefined) continue;
      options.signal?.throwIfAborted();
      if (!copy.write(chunk)) await Promise.race([once(copy, 'drain'), finished]);
      options.onRows(count - reported);
      reported = count;
    }
    copy.end(encoder.finish());
    await finished;
  } catch (error) {
    copy.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
  await client.query('COMMIT');
  options.onRows(count - reported);
  return count;
}
