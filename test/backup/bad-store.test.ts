import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { failure } from '../../src/lib/base/error.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { failsCleanly } from './fails-cleanly.ts';
import { sql } from './round-trip.ts';

let platform: TestDatabase;
let world: BackupWorld;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(
    platform.url,
    `create table noise (id int, text text);
     insert into noise select n, string_agg(md5(random()::text), '') from generate_series(1, 200) n, generate_series(1, 1000) m group by n`,
  );
  world = await backupWorld({ platformUrl: platform.url });
});

afterEach(() => sql(world.stateUrl, 'truncate postern.backup_set cascade'));

afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

/** Refuses what `isRefused` names, as S3 does without the permission. */
function refusing(store: ObjectStore, isRefused: (key: string) => boolean): ObjectStore {
  return {
    ...store,
    put: async (key, body, options) => {
      if (isRefused(key)) {
        throw failure('the store refused to store an object: AccessDenied', {
          code: 'store-refused',
          hints: ['check the policy of the bucket'],
        });
      }
      return store.put(key, body, options);
    },
  };
}

test.each(['platform/30-data/', 'platform/80-check', 'SHA256SUMS.asc', '/manifest.json.pgp'])(
  'a store that refuses %s leaves a failed run and no set, and the next run is not hindered',
  async (part) => {
    const sets = {
      ...world.sets,
      prefix: `refused/${part.replaceAll('/', '')}/`,
      store: refusing(
        world.sets.store,
        (key) => key.includes(part) && !(part.endsWith('.pgp') && key.endsWith('.asc')),
      ),
    };
    const refused = { ...world, sets };
    await failsCleanly(
      runBackup(world.context({ sets, options: { workers: 1 } })),
      { exitCode: 1, code: 'store-refused' },
      refused,
    );
    const states = await sql(world.stateUrl, 'select state from postern.backup_set');
    expect(states).toEqual([{ state: 'failed' }]);
    if (!part.startsWith('/')) return;
    await expect(
      runBackup(world.context({ sets: { ...sets, store: world.sets.store } })),
    ).resolves.toMatchObject({
      rows: 200,
      previousSetId: null,
    });
  },
);

function mountable(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'postern-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
}

test.skipIf(!mountable())(
  'a full disk (needs the right to mount) ends the run with one clear error',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
    try {
      const sets = { ...world.sets, store: await openLocalObjectStore({ path: join(folder, 'store') }) };
      const full = { ...world, sets };
      await failsCleanly(
        runBackup(world.context({ sets, options: { workers: 1 } })),
        { exitCode: 1, code: 'store-full' },
        full,
      );
    } finally {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    }
  },
);
