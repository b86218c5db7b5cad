import type { Queryable } from '../../base/postgres.ts';

/**
 * Runs `work` with joins that are hashed. PostgreSQL cannot estimate how many keys values name, takes them for few, and
 * would compare each with each: hours for a hundred thousand.
 */
export async function withHashedJoins<T>(db: Queryable, work: () => Promise<T>): Promise<T> {
  await db.query('set enable_nestloop = off');
  try {
    return await work();
  } finally {
    await db.query('set enable_nestloop = on').catch(() => {});
  }
}
