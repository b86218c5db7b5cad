import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import {
  attachEmbeddedServer,
  type EmbeddedServer,
  startEmbeddedServer,
} from '../../src/lib/sandbox/server.ts';
import { testDatabase, testServer } from '../support/postgres.ts';

let folder: string;
let server: EmbeddedServer | undefined;
const start = async (options: { port?: number } = {}): Promise<EmbeddedServer> => {
  server = await startEmbeddedServer({
    dataDirectory: join(folder, 'data'),
    walSegmentSize: 1,
    settings: { fsync: 'off' },
    ...options,
  });
  return server;
};
const ask = async (url: string, sql: string): Promise<unknown> =>
  withConnection(
    { url, role: 'test server' },
    async (client) => Object.values((await client.query(sql)).rows[0] as object)[0],
  );

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-server-'));
  await promisify(execFile)('chmod', ['755', folder]);
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

test('a server starts, answers on 127.0.0.1 only, keeps its data over a stop and is gone after it', async () => {
  const first = await start();
  expect(first.version).toMatch(/^18\./);
  expect(await ask(first.url, 'SHOW listen_addresses')).toBe('127.0.0.1');
  await withConnection({ url: first.url, role: 'test' }, (client) =>
    client.query('CREATE TABLE kept AS SELECT 7 AS n'),
  );
  await first.stop();
  expect(await attachEmbeddedServer(first.dataDirectory)).toBeUndefined();
  await expect(ask(first.url, 'SELECT 1')).rejects.toMatchObject({ code: 'database-unreachable' });
  expect(await ask((await start()).url, 'SELECT n FROM kept')).toBe(7);
});

test('a wrong password is refused, so that the login is not trust', async () => {
  const { url } = await start();
  await expect(ask(url.replace(/postgres:[^@]+@/, 'postgres:wrong@'), 'SELECT 1')).rejects.toMatchObject({
    code: 'database-login',
  });
});

test('a second start attaches to the server that runs', async () => {
  const first = await start();
  expect((await start()).pid).toBe(first.pid);
});

test('a server killed by SIGKILL starts again with its data', async () => {
  const first = await start();
  await withConnection({ url: first.url, role: 'test' }, (client) =>
    client.query('CREATE TABLE kept AS SELECT 7 AS n'),
  );
  process.kill(first.pid, 'SIGKILL');
  const second = await start();
  expect(second.pid).not.toBe(first.pid);
  expect(await ask(second.url, 'SELECT n FROM kept')).toBe(7);
});

test("a lock file that names a stranger's process neither blocks a start nor kills the stranger", async () => {
  const first = await start();
  await first.stop();
  await writeFile(
    join(first.dataDirectory, 'postmaster.pid'),
    `${process.pid}\n${first.dataDirectory}\n0\n${first.port}\n`,
  );
  await first.stop();
  expect(await ask((await start()).url, 'SELECT 1')).toBe(1);
});

test('a port that was asked for and is taken is an error that says so', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => listener.once('listening', done));
  const { port } = listener.address() as { port: number };
  await expect(start({ port })).rejects.toMatchObject({ code: 'port-taken', exitCode: 2 });
  listener.close();
});

test.each([15, 16, 17, 18] as const)(
  'the test server of PostgreSQL %i gives databases in any encoding',
  async (major) => {
    expect((await testServer(major)).version).toMatch(new RegExp(`^${major}\\.`));
    const plain = await testDatabase({ major });
    const ascii = await testDatabase({ major, encoding: 'SQL_ASCII' });
    expect(await ask(plain.url, 'SHOW server_encoding')).toBe('UTF8');
    expect(await ask(ascii.url, 'SHOW server_encoding')).toBe('SQL_ASCII');
    await withConnection({ url: plain.url, role: 'test' }, (client) =>
      client.query('CREATE TABLE cloned AS SELECT 7 AS n'),
    );
    const clone = await testDatabase({ major, template: plain.name });
    expect(await ask(clone.url, 'SELECT n FROM cloned')).toBe(7);
    await clone.drop();
    await expect(ask(clone.url, 'SELECT 1')).rejects.toMatchObject({ code: 'database-missing' });
  },
);
