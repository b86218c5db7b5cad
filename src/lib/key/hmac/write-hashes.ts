import { type Client, sqlState } from '../../base/postgres.ts';
import type { HashParity } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { ChangedRows } from '../walk/kept-rows.ts';
import { swapRows } from '../walk/swap-rows.ts';
import type { HashRow } from './hash-row.ts';
import type { HashedColumn } from './hashed-column.ts';

/** What is to stand in a row, in PostgreSQL's text; null: nothing. */
export interface HashChange {
  readonly row: HashRow;
  readonly hash: string | null;
}

/** What became of rows, by position; what the application changed meanwhile is in none. */
export interface WrittenHashes extends ChangedRows {
  /** A unique index has the hash from another row. */
  readonly notUnique: ReadonlySet<number>;
}

/** Writes hashes into rows that are still as they were read, and keep them. */
export async function writeHashes(
  db: Client,
  hashed: HashedColumn,
  parity: HashParity,
  changes: readonly HashChange[],
): Promise<WrittenHashes> {
  try {
    return { ...(await swap(db, hashed, parity, changes)), notUnique: new Set() };
  } catch (error) {
    if (!isNotUnique(error)) throw error;
  }
  // One of them stands in the way of all: each by itself.
  const done = new Set<number>();
  const notKept = new Set<number>();
  const notUnique = new Set<number>();
  for (const [at, change] of changes.entries()) {
    try {
      const changed = await swap(db, hashed, parity, [change]);
      if (changed.done.size === 1) done.add(at);
      if (changed.notKept.size === 1) notKept.add(at);
    } catch (error) {
      if (!isNotUnique(error)) throw error;
      notUnique.add(at);
    }
  }
  return { done, notKept, notUnique };
}

const isNotUnique = (error: unknown): boolean => sqlState(error) === '23505';

function swap(db: Client, hashed: HashedColumn, parity: HashParity, changes: readonly HashChange[]) {
  const column = quoteIdentifier(hashed.columns[parity]);
  return swapRows(
    db,
    hashed,
    changes.map(({ row }) => row),
    {
      set: `${column} = n.hash`,
      isKept: `t.${column}${hashed.encoding === 'bytea' ? '' : '::text'} is not distinct from n.hash`,
      columns: [
        {
          name: 'hash',
          type: hashed.encoding === 'bytea' ? 'bytea' : 'text',
          values: changes.map(({ hash }) => bound(hash, hashed.encoding)),
        },
      ],
    },
  );
}

const bound = (hash: string | null, encoding: HashedColumn['encoding']) =>
  hash !== null && encoding === 'bytea' ? Buffer.from(hash.slice(2), 'hex') : hash;
