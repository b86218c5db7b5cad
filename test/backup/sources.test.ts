import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { previewBackup } from '../../src/lib/backup/preview.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { showSet } from '../../src/lib/backup/show.ts';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { stateStatus } from '../../src/lib/state/status.ts';
import { openGpgHome } from '../crypto/gpg-home.ts';
import { type BackupWorld, backupWorld, platformSource } from '../support/backup-world.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { restoreSet, sql } from './round-trip.ts';

let platform: TestDatabase;
let calendar: TestDatabase;
let world: BackupWorld;
let setId: string;
const copy = `sources_${process.pid}`;

beforeAll(async () => {
  platform = await testDatabase();
  calendar = await testDatabase();
  await sql(
    platform.url,
    `create table subject (id int primary key, dek bytea); insert into subject select n, decode(lpad(to_hex(n), 8, '0'), 'hex') from generate_series(1, 30) n;
     create table gone (id int)`,
  );
  await sql(calendar.url, 'create table event (id int); insert into event select generate_series(1, 7)');
  world = await backupWorld({ platformUrl: platform.url });
  const run = await runBackup(
    world.context({
      sources: [
        { ...platformSource(platform.url), wrappedKeys: [{ table: 'public.subject', column: 'dek' }] },
        { name: 'calendar', url: calendar.url, wrappedKeys: [] },
        { name: 'state', url: world.stateUrl, wrappedKeys: [] },
      ],
    }),
  );
  setId = run.setId;
});

afterAll(async () => {
  await world?.close();
  await calendar?.drop();
  await platform?.drop();
});

async function restored<T>(source: string, look: (url: string) => Promise<T>): Promise<T> {
  try {
    const result = await restoreSet(world, setId, copy, source);
    expect(result).toMatchObject({ source, schema: 'equal' });
    return await look(withDatabase(platform.url, copy));
  } finally {
    await sql(platform.url, `drop database if exists ${copy} with (force)`);
  }
}

test('a set holds every database of the profile, each as of one snapshot', async () => {
  const { manifest } = await showSet(world.sets, setId, world.secretKeys);
  expect(manifest?.sources.map(({ name, rows }) => [name, name === 'state' ? rows > 0 : rows])).toEqual([
    ['platform', 30],
    ['calendar', 7],
    ['state', true],
  ]);
});

test('a further database comes back by its name', async () => {
  expect(await restored('calendar', (url) => sql(url, 'select count(*)::int as n from event'))).toEqual([
    { n: 7 },
  ]);
});

test('the state database comes back with its history, and still lets nobody change it', async () => {
  await restored('state', async (url) => {
    const status = await withConnection({ url, role: 'test' }, (client) => stateStatus(client));
    expect(status).toMatchObject({ state: 'current' });
    expect(await sql(url, `select body::jsonb ->> 'event' as event from postern.audit_entry`)).toEqual([
      { event: 'intent' },
    ]);
    await expect(sql(url, 'delete from postern.audit_entry')).rejects.toThrow('append-only');
  });
});

test.each(['platform', 'calendar', 'state'])(
  '%s that cannot be reached is called by its name',
  async (name) => {
    const sources = [{ name, url: 'postgresql://nobody@127.0.0.1:1/none', wrappedKeys: [] }];
    await expect(previewBackup(world.context({ sources }))).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining(`the ${name} database`),
    });
  },
);

test('a name that the set does not hold is refused with those that it holds', async () => {
  await expect(restoreSet(world, setId, copy, 'contacts')).rejects.toMatchObject({
    exitCode: 2,
    code: 'source-unknown',
    hints: ['it holds: platform, calendar, state'],
  });
});

describeWith(['gpg', 'zstd', 'psql'], 'restore.sh on a set of several databases', ({ gpg }) => {
  test.each([
    [
      '',
      "select count(*)::int as n, count(*) filter (where dek = decode(lpad(to_hex(id), 8, '0'), 'hex'))::int as keys from subject",
      { n: 30, keys: 30 },
    ],
    ['calendar', 'select count(*)::int as n from event', { n: 7 }],
  ])('restores %j, wrapped keys included', async (source, query, expected) => {
    const home = openGpgHome(gpg);
    const folder = mkdtempSync(join(tmpdir(), 'postern sources '));
    try {
      for (const key of [world.keys.signer.publicKey, world.keys.operations.secretKey])
        home.must(['--import'], key);
      const objects = join(world.storePath, 'objects', world.sets.prefix);
      cpSync(objects, folder, { recursive: true });
      const { hostname, port, username, password } = new URL(platform.url);
      const run = spawnSync(
        'sh',
        [join(folder, setId, 'restore.sh'), copy, ...(source === '' ? [] : [source])],
        {
          cwd: folder,
          env: {
            PATH: process.env['PATH'],
            GNUPGHOME: dirname(home.file('marker', '')),
            PGHOST: hostname,
            PGPORT: port,
            PGUSER: username,
            PGPASSWORD: decodeURIComponent(password),
            KEYRING: `keyrings/${setId}`,
          },
          encoding: 'utf8',
        },
      );
      expect(run).toMatchObject({ status: 0 });
      expect(await sql(withDatabase(platform.url, copy), query)).toEqual([expected]);
    } finally {
      await sql(platform.url, `drop database if exists ${copy} with (force)`);
      rmSync(folder, { recursive: true, force: true });
      home.close();
    }
  });
});
