import type { Pool, Queryable } from '../base/postgres.ts';

/** The state database, however the caller holds it: one connection, or a pool to take one from. */
export type StateDatabase = Pool | Queryable;

/** Runs `work` on one connection: a pool's, given back afterwards, or the one handed in. */
export async function onConnection<T>(
  db: StateDatabase,
  work: (client: Queryable) => Promise<T>,
): Promise<T> {
  if (!isPool(db)) return work(db);
  const client = await db.connect();
  // A pool listens to idle clients only; a borrowed one that loses its connection would end the process. The query
  // under way, or the next one, reports the loss.
  client.on('error', ignore);
  try {
    const result = await work(client);
    client.off('error', ignore);
    client.release();
    return result;
  } catch (error) {
    // Whatever state the error left the session in, the next borrower must not inherit it.
    client.release(true);
    throw error;
  }
}

/**
 * Runs `work` in a READ COMMITTED transaction of its own and commits it; any error rolls it back. READ COMMITTED is
 * stated because a statement that waited for a lock must see what the lock's last holder committed.
 */
export async function inTransaction<T>(
  db: StateDatabase,
  work: (client: Queryable) => Promise<T>,
): Promise<T> {
  return onConnection(db, async (client) => {
    await client.query('begin isolation level read committed');
    try {
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      // The first error is the one to report; a rollback only fails when the connection is gone.
      await client.query('rollback').catch(() => {});
      throw error;
    }
  });
}

function ignore(): void {}

function isPool(db: StateDatabase): db is Pool {
  return 'totalCount' in db;
}
