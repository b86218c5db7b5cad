import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { type ObjectsWorld, objectsWorld } from './objects-world.ts';
import { sql } from './round-trip.ts';

let world: ObjectsWorld;
beforeAll(async () => {
  world = await objectsWorld();
});
afterAll(() => world.close());

test('while mail objects are read no snapshot keeps the platform from vacuuming, and no lock its migrations from running', async () => {
  await world.mailed('a', 'first');
  await world.mailed('b', 'second');
  await world.named('a', 'b', 'not there');
  const horizons: unknown[] = [];
  const watched: ObjectStore = {
    ...world.mail,
    open: async (key, options) => {
      const rows = await sql(
        world.platformUrl,
        `select backend_xmin is not null as "holdsSnapshot", state from pg_stat_activity
         where datname = current_database() and application_name = 'postern backup snapshot'`,
      );
      horizons.push(...rows);
      await sql(
        world.platformUrl,
        `set lock_timeout = '1s'; alter table message add column if not exists c text`,
      );
      await sql(world.platformUrl, 'delete from message');
      return world.mail.open(key, options);
    },
  };
  const { objects } = world.context();
  const [bucket] = objects?.buckets ?? [];
  if (objects === undefined || bucket === undefined) throw new Error('the world has a bucket');
  const context = world.context({ objects: { ...objects, buckets: [{ ...bucket, store: watched }] } });
  const result = await runBackup(context);
  expect(horizons).toEqual([
    { holdsSnapshot: false, state: 'idle' },
    { holdsSnapshot: false, state: 'idle' },
  ]);
  // The rows are those of the snapshot all the same.
  expect((await world.index(result.setId)).map(({ key, referenced }) => [key, referenced])).toEqual([
    ['a', true],
    ['b', true],
    ['not there', true],
  ]);
});
