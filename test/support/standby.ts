import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/lib/sandbox/server.ts';

/** A primary and its streaming standby, with the superuser's sessions on both. */
export interface Replicated {
  readonly primary: EmbeddedServer;
  readonly client: Client;
  readonly standby: EmbeddedServer;
  readonly onStandby: Client;
  readonly folder: string;
  stop(): Promise<void>;
}

const settings = { fsync: 'off', max_wal_size: '64MB', min_wal_size: '8MB' };

/** @param prepare what the primary is given before it is copied */
export async function startReplicated(prepare: (client: Client) => Promise<void>): Promise<Replicated> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-standby-'));
  await chmod(folder, 0o755);
  const primary = await startEmbeddedServer({
    dataDirectory: join(folder, 'primary'),
    walSegmentSize: 1,
    settings,
  });
  const client = await connect({ url: primary.url, role: 'primary' });
  await prepare(client);
  await copyRunning(primary, client, join(folder, 'standby'));
  const standby = await startEmbeddedServer({ dataDirectory: join(folder, 'standby'), settings });
  const onStandby = await connect({ url: standby.url, role: 'standby' });
  await vi.waitUntil(
    async () =>
      (await client.query(`select from pg_stat_replication where state = 'streaming'`)).rowCount === 1,
    { timeout: 10_000 },
  );
  return {
    primary,
    client,
    standby,
    onStandby,
    folder,
    stop: async () => {
      await onStandby.end();
      await standby.stop();
      await client.end();
      await primary.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** A base backup by the low-level functions, since only the server itself is here. */
async function copyRunning(primary: EmbeddedServer, client: Client, to: string): Promise<void> {
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
