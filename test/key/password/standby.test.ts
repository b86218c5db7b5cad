import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import { planRotation } from '../../../src/lib/key/password/index.ts';
import { waitForStandbys } from '../../../src/lib/key/password/standbys.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../../src/lib/sandbox/server.ts';
import { type TestState, testContext, testState } from '../../support/operation.ts';
import { managedPassword } from '../../support/password-world.ts';

let primary: EmbeddedServer;
let standby: EmbeddedServer;
let client: Client;
let onStandby: Client;
let state: TestState;
let folder: string;
const settings = { fsync: 'off', max_wal_size: '64MB', min_wal_size: '8MB' };

beforeAll(async () => {
  state = await testState();
  folder = await mkdtemp(join(tmpdir(), 'postern-standby-'));
  await chmod(folder, 0o755);
  primary = await startEmbeddedServer({
    dataDirectory: join(folder, 'primary'),
    walSegmentSize: 1,
    settings,
  });
  client = await connect({ url: primary.url, role: 'primary' });
  await client.query(`create role app_a login password 'old'; create role app_b login password 'old'`);
  await copyRunning(join(folder, 'standby'));
  standby = await startEmbeddedServer({ dataDirectory: join(folder, 'standby'), settings });
  onStandby = await connect({ url: standby.url, role: 'standby' });
});
afterAll(async () => {
  await onStandby.end();
  await standby.stop();
  await client.end();
  await primary.stop();
  await state.close();
  await rm(folder, { recursive: true });
});

/** A base backup by the low-level functions, since only the server itself is here. */
async function copyRunning(to: string): Promise<void> {
  await client.query(`select pg_backup_start('standby', true)`);
  await promisify(execFile)('cp', ['-a', primary.dataDirectory, to]);
  const { rows } = await client.query<{ label: string }>(
    'select labelfile as label from pg_backup_stop(false)',
  );
  for (const file of ['postmaster.pid', 'postmaster.opts']) await rm(join(to, file), { force: true });
  await cp(join(primary.dataDirectory, 'pg_wal'), join(to, 'pg_wal'), { recursive: true, force: true });
  const { hostname, port, password } = new URL(primary.url);
  const source = `host=${hostname} port=${port} user=postgres password=${password}`;
  await writeFile(join(to, 'backup_label'), rows[0]?.label ?? '');
  await writeFile(join(to, 'standby.signal'), '');
  await writeFile(join(to, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  // Whoever owned the copied files owns the new ones.
  const { uid, gid } = await stat(join(to, 'base'));
  await promisify(execFile)('chown', ['-R', `${uid}:${gid}`, to]);
}

test('a standby is refused as the server of the admin', async () => {
  const managed = managedPassword({ roles: ['app_a', 'app_b'], folder, databaseUrl: standby.url });
  const context = {
    ...testContext(state),
    password: () => managed,
    stateLogin: () => Promise.resolve({ role: 'other', server: 'elsewhere' }),
  };
  const plan = planRotation(context, managed.name, {
    reason: 'routine',
    sessions: 'leave',
    inUse: 'app_a',
  });
  await expect(plan).rejects.toMatchObject({ exitCode: 6, code: 'password-server' });
});

test('a standby that does not replay is waited for, and then told', async () => {
  await expect
    .poll(
      async () => (await client.query(`select from pg_stat_replication where state = 'streaming'`)).rowCount,
    )
    .toBe(1);
  const { signal } = new AbortController();
  expect(await waitForStandbys(client, signal)).toBe(0);
  await onStandby.query('select pg_wal_replay_pause()');
  await client.query(`alter role app_a password 'new'`);
  expect(await waitForStandbys(client, signal, 300)).toBe(1);
  const waiting = waitForStandbys(client, signal);
  await onStandby.query('select pg_wal_replay_resume()');
  expect(await waiting).toBe(0);
});
