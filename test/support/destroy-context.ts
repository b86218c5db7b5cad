import type { Pool } from '../../src/lib/base/postgres.ts';
import type { DestroyContext, StoredSet } from '../../src/lib/key/destroy/index.ts';
import { keyContextOn } from './key-context.ts';

/**
 * A context for the end of KMS keys: nothing names a key, there is one database, and the only
 * store has what is on record, opened by no KMS key.
 */
export async function destroyContextOn(
  where: Parameters<typeof keyContextOn>[0],
  own: Partial<DestroyContext> = {},
): Promise<DestroyContext> {
  return {
    ...(await keyContextOn(where)),
    namedKeys: () => Promise.resolve([]),
    otherDatabases: [],
    storedSets: async () => [{ destination: 'offsite', sets: await storedSets(where.pool), problem: null }],
    ...own,
  };
}

/** The sets that are on record as kept, as a store lists them. */
export async function storedSets(state: Pool, own: Partial<StoredSet> = {}): Promise<readonly StoredSet[]> {
  const { rows } = await state.query(
    `select s.set_id as id, s.started_at as started from postern.backup_set s join postern.backup_copy c using (set_id)
     where c.state = 'complete' order by 1`,
  );
  return rows.map(({ id, started }) => ({
    setId: id,
    startedAt: started.toISOString(),
    keyIds: [],
    problem: null,
    ...own,
  }));
}
