import { type Client, sqlState } from '../../base/postgres.ts';
import type { HashParity } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { swapRows } from '../walk/swap-rows.ts';
import type { HashRow } from './hash-row.ts';
import type { HashedColumn } from './hashed-column.ts';

/** What is to stand in a row, in PostgreSQL's text; null: nothing. */
export interface HashChange {
  readonly row: HashRow;
  readonly hash: string | null;
}

/**
 * Writes hashes into rows that are still as they were read.
 * @returns the positions of those that were written, and of those that a unique index has from another row; what the
 * application changed meanwhile is in neither
 */
export async function writeHashes(
  db: Client,
  hashed: HashedColumn,
  parity: HashParity,
  changes: readonly HashChange[],
): Promise<{ readonly done: ReadonlySet<number>; readonly notUnique: ReadonlySet<number> }> {
  try {
    return { done: await swap(db, hashed, parity, changes), notUnique: new Set() };
  } catch (error) {
    if (!isNotUnique(error)) throw error;
  }
  // One of them stands in the way of all: each by itself.
  const done = new Set<number>();
  const notUnique = new Set<number>();
  for (const [at, change] of changes.entries()) {
    try {
      const { size } = await swap(db, hashed, parity, [change]);
      if (size === 1) done.add(at);
    } catch (error) {
      if (!isNotUnique(error)) throw error;
      notUnique.add(at);
    }
  }
  return { done, notUnique };
}

const isNotUnique = (error: unknown): boolean => sqlState(error) === '23505';

const swap = (db: Client, hashed: HashedColumn, parity: HashParity, changes: readonly HashChange[]) =>
  swapRows(
    db,
    hashed,
    changes.map(({ row }) => row),
    {
      set: `${quoteIdentifier(hashed.columns[parity])} = n.hash`,
      columns: [
        {
          name: 'hash',
          type: hashed.encoding === 'bytea' ? 'bytea' : 'text',
          values: changes.map(({ hash }) => bound(hash, hashed.encoding)),
        },
      ],
    },
  );

const bound = (hash: string | null, encoding: HashedColumn['encoding']) =>
  hash !== null && encoding === 'bytea' ? Buffer.from(hash.slice(2), 'hex') : hash;
