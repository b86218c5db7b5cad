import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import {
  type EmbeddedServer,
  type PostgresMajor,
  startEmbeddedServer,
} from '../../src/lib/sandbox/server.ts';

export type { EmbeddedServer } from '../../src/lib/sandbox/server.ts';

const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '200',
  max_wal_size: '64MB',
};

const servers = new Map<PostgresMajor, Promise<EmbeddedServer>>();

/**
 * The PostgreSQL server of this test process: started when first asked for, on a fresh data folder, without fsync.
 * It ends, and its folder goes, together with the process, however that ends.
 */
export function testServer(major: PostgresMajor = 18): Promise<EmbeddedServer> {
  const server = servers.get(major) ?? start(major);
  servers.set(major, server);
  return server;
}

export interface TestDatabase {
  /** The superuser's, on this database. */
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

let count = 0;

/** A new database on the test server: empty, or a clone of the database `template` (which nobody may be using). */
export async function testDatabase(
  options: { readonly major?: PostgresMajor; readonly encoding?: string; readonly template?: string } = {},
): Promise<TestDatabase> {
  const server = await testServer(options.major);
  count += 1;
  const name = `test_${process.pid}_${count}`;
  await administer(server, `CREATE DATABASE ${name} ${creation(options)}`);
  return {
    url: withDatabase(server.url, name),
    name,
    drop: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

function creation({
  encoding,
  template,
}: {
  readonly encoding?: string;
  readonly template?: string;
}): string {
  if (template !== undefined) return `TEMPLATE "${template}"`;
  if (encoding === undefined) return 'TEMPLATE template0';
  return `TEMPLATE template0 ENCODING '${encoding}' LOCALE_PROVIDER libc LOCALE 'C'`;
}

async function administer(server: EmbeddedServer, sql: string): Promise<void> {
  await withConnection({ url: server.url, role: 'test server' }, (client) => client.query(sql));
}

async function start(major: PostgresMajor): Promise<EmbeddedServer> {
  const template = await clusterTemplate(major);
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'));
  await promisify(execFile)('chmod', ['755', folder]);
  const dataDirectory = join(folder, 'data');
  await promisify(execFile)('cp', ['-a', template, dataDirectory]);
  const server = await startEmbeddedServer({ dataDirectory, major, settings });
  endWithThisProcess(server, folder);
  return server;
}

/** initdb's result, kept per major version and user, so that it is paid for once. */
async function clusterTemplate(major: PostgresMajor): Promise<string> {
  const cache = process.env['POSTERN_TEST_CACHE'] ?? tmpdir();
  const parent = join(cache, `postern-test-template-${process.getuid?.() ?? 'x'}-v1`);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  const template = join(parent, `pg${major}`);
  if ((await stat(join(template, 'PG_VERSION')).catch(() => undefined)) !== undefined) return template;
  const scratch = await mkdtemp(join(parent, `pg${major}-`));
  await promisify(execFile)('chmod', ['755', scratch]);
  const server = await startEmbeddedServer({
    dataDirectory: join(scratch, 'data'),
    major,
    walSegmentSize: 1,
    settings,
  });
  await server.stop();
  // Another worker may have been first: then its template serves us as well.
  await rename(join(scratch, 'data'), template).catch(() => {});
  await rm(scratch, { recursive: true, force: true });
  return template;
}

/**
 * A watcher that outlives us reads a pipe that only we hold open: it sees its end even after a SIGKILL, stops the
 * server (if the pid still is that server's) and removes the folder.
 */
function endWithThisProcess(server: EmbeddedServer, folder: string): void {
  const script = `
    cat > /dev/null
    [ "$(head -n 1 "$2/data/postmaster.pid" 2> /dev/null)" = "$1" ] && kill -QUIT "$1"
    for i in $(seq 100); do kill -0 "$1" 2> /dev/null || break; sleep 0.1; done
    rm -rf "$2"`;
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(server.pid), folder], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
}
