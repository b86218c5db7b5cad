// Other sessions during a backup: migrations, and somebody who ends the backup's own session.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { holdSnapshot } from '../../src/lib/backup/capture/hold-snapshot.ts';
import { listSets } from '../../src/lib/backup/list.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { failsCleanly } from './fails-cleanly.ts';
import { restoreSet, sql } from './round-trip.ts';

let platform: TestDatabase;
let world: BackupWorld;
let other: Client;

beforeAll(async () => {
  platform = await testDatabase();
  world = await backupWorld({ platformUrl: platform.url });
  other = await connect({ url: platform.url, role: 'test' });
});

beforeEach(async () => {
  await sql(world.stateUrl, 'truncate postern.backup_set cascade');
  await other.query(
    `drop table if exists first, second, marker;
     create table first (id int, text text); insert into first select n, repeat('x', 100) from generate_series(1, 20000) n;
     create table second (id int); insert into second values (1), (2);
     create table marker (id int)`,
  );
});

afterAll(async () => {
  await other?.end();
  await world?.close();
  await platform?.drop();
});

/** Waits until as many sessions of the database wait for a lock, or nobody is interested any more. */
async function waiting(sessions: number, over?: AbortSignal): Promise<void> {
  const query = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = '${platform.name}'`;
  for (;;) {
    if (over?.aborted === true || (await sql<{ n: number }>(platform.url, query))[0]?.n === sessions) return;
    await delay(5);
  }
}

/** Does something once, before the first part is stored: every worker has its session, and one has read a table. */
function atFirstPart(store: ObjectStore, work: () => Promise<void>): ObjectStore {
  let isDone = false;
  return {
    ...store,
    put: async (key, body, options) => {
      if (!isDone) {
        isDone = true;
        await work();
      }
      return store.put(key, body, options);
    },
  };
}

const worldWith = (prefix: string, work: () => Promise<void>) => {
  const sets = { ...world.sets, prefix: `${prefix}/`, store: atFirstPart(world.sets.store, work) };
  return { ...world, sets };
};

test.each([
  'truncate second',
  'alter table second alter id type text',
  'alter table second add column more int default 7',
  'drop table second',
  'drop table second; create table second (id int)',
  'alter table second rename to third; alter table first rename to second; alter table third rename to first',
])(
  'a migration between the snapshot and the locks is seen, and the snapshot taken again: %s',
  async (migration) => {
    await other.query(`begin; ${migration}; insert into marker values (1)`);
    const held = holdSnapshot(platform.url);
    await waiting(1);
    await other.query('commit');
    const snapshot = await held;
    const { rows } = await snapshot.client.query('select count(*)::int as n from public.marker');
    expect(rows).toEqual([{ n: 1 }]);
    await snapshot.release();
  },
);

test('a migration that is rolled back costs nothing', async () => {
  await other.query('begin; truncate second');
  const held = holdSnapshot(platform.url);
  await waiting(1);
  await other.query('rollback');
  const snapshot = await held;
  expect((await snapshot.client.query('select count(*)::int as n from public.second')).rows).toEqual([
    { n: 2 },
  ]);
  await snapshot.release();
});

test('migrations without a pause end the run with the reason', async () => {
  const over = new AbortController();
  const held = holdSnapshot(platform.url).finally(() => over.abort());
  const refused = failsCleanly(held, { exitCode: 1, code: 'schema-unstable' });
  for (let number = 0; !over.signal.aborted; number += 1) {
    await other.query(`begin; alter table second add column extra_${number} int`);
    await waiting(1, over.signal);
    await other.query('commit');
  }
  await refused;
});

test('a table that stays locked ends the run with the reason', async () => {
  await other.query('begin; lock table second in access exclusive mode');
  try {
    await failsCleanly(
      runBackup(world.context({ options: { lockTimeout: 200 } })),
      { exitCode: 1, code: 'lock-timeout' },
      world,
    );
  } finally {
    await other.query('rollback');
  }
});

test('a migration that queues up between the snapshot and the copies ends the run, instead of both waiting for ever', async () => {
  let migration: Promise<unknown> = Promise.resolve();
  const queued = worldWith('queued', async () => {
    migration = other.query('alter table second add column more int');
    await waiting(1);
  });
  await failsCleanly(
    runBackup(world.context({ sets: queued.sets, options: { workers: 1, lockTimeout: 200 } })),
    { exitCode: 1, code: 'lock-timeout' },
    queued,
  );
  await migration;
});

test('a run whose snapshot is taken away ends clearly, whatever it was doing, and the next one is whole', async () => {
  const ended = worldWith('ended', async () => {
    await sql(
      platform.url,
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'postern backup snapshot'`,
    );
  });
  await failsCleanly(
    runBackup(world.context({ sets: ended.sets, options: { workers: 1 } })),
    { exitCode: 1, code: 'snapshot-lost' },
    ended,
  );
  // It did not go on for hours, to find out at the end that there is nothing to be had.
  expect((await listSets(ended.sets)).at(0)?.files ?? 0).toBeLessThanOrEqual(1);
  const { setId, rows } = await runBackup(world.context());
  expect(rows).toBe(20_002);
  await expect(restoreSet(world, setId, 'after_loss')).resolves.toMatchObject({ schema: 'equal' });
  await sql(platform.url, 'drop database after_loss with (force)');
});

test('a worker whose session is taken away ends the run clearly', async () => {
  const ended = worldWith('worker', async () => {
    await sql(
      platform.url,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'postern backup'`,
    );
  });
  await failsCleanly(
    runBackup(world.context({ sets: ended.sets, options: { workers: 1 } })),
    { exitCode: 1, code: 'copy-failed' },
    ended,
  );
});

test('an interruption stops the run, and leaves no thread and no session behind', async () => {
  const abort = new AbortController();
  const stopped = worldWith('stopped', async () => abort.abort());
  await expect(runBackup(world.context({ sets: stopped.sets, signal: abort.signal }))).rejects.toMatchObject({
    name: 'AbortError',
  });
  const sessions = `select count(*)::int as n from pg_stat_activity where application_name ~ '^postern backup' and datname = '${platform.name}'`;
  while ((await sql<{ n: number }>(platform.url, sessions))[0]?.n !== 0) await delay(5);
});

test('a person who stops the wait for a locked table does not wait for it', async () => {
  await other.query('begin; lock table first in access exclusive mode');
  const interruption = new AbortController();
  const held = holdSnapshot(platform.url, { signal: interruption.signal });
  await waiting(1);
  interruption.abort();
  await expect(held).rejects.toMatchObject({ name: 'AbortError' });
  await other.query('rollback');
});
