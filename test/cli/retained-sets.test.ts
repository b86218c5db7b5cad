import { expect, test } from 'vitest';
import type { PosternContext } from '../../src/lib/cli/context.ts';
import { retainedSets } from '../../src/lib/cli/retained-sets.ts';
import { testState } from '../support/operation.ts';

test('a set is kept until the last of its locks ends, that of its mail objects too', async () => {
  const state = await testState();
  const { pool } = state;
  await pool.query(`
    insert into postern.backup_set (set_id, profile, started_at, finished_at, state, manifest_sha256)
      select 's' || n, 'test', now(), now(), 'complete', repeat('0', 64) from generate_series(1, 2) n;
    insert into postern.backup_object_set (set_id, mode, part_plain_size) values ('s1', 'full', 1);
    insert into postern.backup_copy (set_id, destination, location, is_required, state, finished_at, lock_until, objects_lock_until)
      select 's' || n, 'offsite', 'file:///a', true, 'complete', now(), '2030-01-01T00:00:00Z', '2030-03-01T00:00:00Z'
      from generate_series(1, 2) n`);
  const context = { profile: 'test', state: () => Promise.resolve(pool) } as unknown as PosternContext;
  const sets = await retainedSets(context);
  expect(sets.map(({ setId, lockedUntil }) => [setId, lockedUntil])).toEqual([
    ['s1', '2030-03-01T00:00:00.000Z'],
    ['s2', '2030-01-01T00:00:00.000Z'],
  ]);
  await state.close();
});
