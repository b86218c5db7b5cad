import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { loadConfig } from '../../src/lib/config/load.ts';
import { readCatalog } from '../../src/lib/platform/catalog/index.ts';
import { lintDataMap, loadDataMap } from '../../src/lib/platform/map/index.ts';
import {
  downSandbox,
  readUrl,
  resetSandbox,
  sandboxPaths,
  sandboxStatus,
  secretPath,
  upSandbox,
} from '../../src/lib/sandbox/index.ts';
import { runningPostmaster } from '../../src/lib/sandbox/postmaster.ts';
import { openColumn } from './open-column.ts';
import { plantedFaults } from './planted-faults.ts';

/** Waits until a killed process is gone: the signal is sent before its effect. */
async function ended(pid: number): Promise<void> {
  const isAlive = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (isAlive()) await delay(5);
}

let home: string;
const pathsOf = (name: string) => sandboxPaths(name, { POSTERN_SANDBOX_HOME: home });
const options = { progress: silentProgress, messages: 1_000, seed: 1 };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'postern-sandbox-'));
  await promisify(execFile)('chmod', ['755', home]);
  // Two side by side, made at the same time from the same seed.
  await Promise.all([upSandbox(pathsOf('one'), options), upSandbox(pathsOf('two'), options)]);
});
afterAll(async () => {
  for (const name of ['one', 'two', 'half', 'port']) await downSandbox(pathsOf(name));
  await rm(home, { recursive: true, force: true });
});

const asRole = async <T>(
  role: Parameters<typeof readUrl>[1],
  work: (client: Client) => Promise<T>,
  name = 'one',
): Promise<T> => withConnection({ url: await readUrl(pathsOf(name), role), role: 'sandbox' }, work);
const ask = async (role: Parameters<typeof readUrl>[1], sql: string, name = 'one'): Promise<unknown[][]> =>
  asRole(role, async (client) => (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows, name);

describe('the contents', () => {
  test('two sandboxes with one seed agree in every table, key material apart', async () => {
    const [one, two] = [await checksums('one'), await checksums('two')];
    expect(Object.keys(one).length).toBeGreaterThan(45);
    expect(two).toEqual(one);
  });

  test('two sandboxes with one seed hold the same objects and the same logs', async () => {
    expect(await objects('two')).toEqual(await objects('one'));
    expect((await objects('one')).length).toBeGreaterThan(200);
    for (const file of ['access.log', 'access.json.log']) {
      const [one, two] = await Promise.all(
        ['one', 'two'].map((name) => readFile(join(pathsOf(name).httpLogs, file))),
      );
      expect(one?.length).toBeGreaterThan(100_000);
      expect(two?.equals(one as Buffer)).toBe(true);
    }
  });

  test('every message in the database or the object store parses as mail, and its size is what the row says', async () => {
    const store = await openLocalObjectStore({ path: pathsOf('one').objects.mail });
    const rows = await ask(
      'platform',
      'SELECT headers, body, raw_key, size_bytes, subject, to_addrs FROM mail.messages',
    );
    expect(rows).toHaveLength(1_000);
    for (const [headers, body, key, size, subject, to] of rows as [
      string,
      string,
      string | null,
      number,
      string,
      string[],
    ][]) {
      const raw = key === null ? Buffer.from(`${headers}\r\n${body}`) : Buffer.from(await store.get(key));
      expect(raw.length).toBe(size);
      const mail = await PostalMime.parse(raw);
      expect(mail.subject).toBe(subject);
      expect(mail.to?.map(({ address }) => address)).toEqual(to);
    }
    const hashes = await ask('platform', 'SELECT object_key, sha256 FROM mail.attachments');
    for (const [key, sha256] of hashes) expect((await store.head(String(key)))?.sha256).toBe(sha256);
  });

  test('a token decrypts with the data key that the KMS unwraps, in its own row only (F-K05: one was moved)', async () => {
    const paths = pathsOf('one');
    const passphrase = (await readFile(secretPath(paths, 'kms-passphrase'), 'utf8')).trim();
    const kms = await openLocalKms({ path: paths.kms, unlock: { passphrase } });
    const open = async (id: number, asId = id): Promise<string> => {
      const [[value, wrapped, key, account, version] = []] = (await ask(
        'platform',
        `SELECT t.refresh_token_enc, k.wrapped_dek, k.kms_key, k.account_id::text, k.version::text
         FROM mail.oauth_tokens t JOIN mail.subject_keys k ON k.id = t.key_id WHERE t.id = ${id}`,
      )) as [Buffer, Buffer, string, string, string][];
      const context = { account: String(account), version: String(version) };
      const dataKey = await kms.decrypt(String(key).replace('local:', ''), wrapped as Buffer, context);
      return openColumn(value as Buffer, Buffer.from(dataKey), String(asId), String(account));
    };
    expect(await open(2)).toMatch(/^1\/\/[\w-]{64}$/);
    await expect(open(2, 3)).rejects.toThrow();
    await expect(open(14)).rejects.toThrow();
    expect(await open(14, 13)).toMatch(/^1\/\//);
  });

  test.each(plantedFaults)('the planted fault $id is there', async ({ sql }) => {
    expect((await ask('superuser', sql)).length).toBeGreaterThan(0);
  });

  test('PW02: the password of legacy_import is one of the compromised', async () => {
    const url = new URL(await readUrl(pathsOf('one'), 'superuser'));
    url.username = 'legacy_import';
    url.password = 'password123';
    await withConnection({ url: url.toString(), role: 'sandbox' }, async (client) => {
      await expect(client.query('SELECT * FROM mail.messages')).rejects.toThrow(/permission denied/);
    });
  });

  test('docs/sandbox.md lists every planted fault, and no other of the database', async () => {
    const text = await readFile(new URL('../../docs/sandbox.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(/^\| ([A-Z]+-?[A-Z]?\d\d) \|/gm)].map(([, id]) => id);
    const fromFiles = ['PW02', 'F-I02', 'F-I03', 'F-I04', 'F-I05', 'F-K05'];
    expect(new Set(documented)).toEqual(new Set([...plantedFaults.map(({ id }) => id), ...fromFiles]));
    expect(documented).toHaveLength(new Set(documented).size);
  });
});

describe('what surrounds it', () => {
  test('the data map fits the database without a finding, and lint sees when it does not', async () => {
    const { map } = await loadDataMap(pathsOf('one').map);
    const catalog = await asRole('platform', async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return readCatalog(client);
    });
    expect(lintDataMap(map, catalog)).toEqual([]);
    const { 'ops.staff': _, ...tables } = map.tables;
    expect(lintDataMap({ ...map, tables }, catalog).length).toBeGreaterThan(0);
  });

  test('the configuration loads, and every login in it works', async () => {
    const { config } = pathsOf('one');
    const loaded = await loadConfig({ file: config, env: {}, cwd: home });
    expect(loaded.profileName).toBe('sandbox');
    expect(await ask('platform', 'SELECT count(*)::int FROM mail.messages')).toEqual([[1_000]]);
    expect(await ask('app', 'SELECT current_user')).toEqual([['mail_app']]);
    expect(await ask('state', 'SELECT count(*)::int > 0 FROM postern.schema_migration')).toEqual([[true]]);
    expect(await ask('state-owner', 'SELECT current_database()')).toEqual([['postern_state']]);
  });

  test('the backup login sees rows that row security hides from others, and the large objects', async () => {
    expect(await ask('platform', 'SELECT count(*)::int FROM mail.messages')).toEqual([[1_000]]);
    await asRole('superuser', async (client) => {
      await client.query('SET ROLE carol_diaz');
      expect((await client.query('SELECT FROM mail.messages')).rowCount).toBe(0);
    });
    const logos = await ask(
      'platform',
      'SELECT length(lo_get(logo)) FROM mail.tenants WHERE logo IS NOT NULL ORDER BY id',
    );
    expect(logos).toEqual([[4_000], [8_000], [12_000]]);
  });

  test('secrets and secret keys are for nobody else', async () => {
    const { secrets, keys, kms } = pathsOf('one');
    for (const folder of [secrets, keys]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of [
      secretPath(pathsOf('one'), 'platform'),
      join(keys, 'operator.sec.asc'),
      join(keys, 'certificate.key.pem'),
      kms,
    ]) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
  });
});

describe('its life', () => {
  test('up again says that it is up, and what differs is refused', async () => {
    const again = await upSandbox(pathsOf('one'), { progress: silentProgress });
    expect(again.outcome).toBe('already-up');
    await expect(upSandbox(pathsOf('one'), { progress: silentProgress, seed: 2 })).rejects.toMatchObject({
      code: 'sandbox-differs',
      exitCode: 2,
    });
    await expect(
      upSandbox(pathsOf('one'), { progress: silentProgress, messages: 2_000 }),
    ).rejects.toMatchObject({ code: 'sandbox-differs' });
  });

  test('a killed server comes up again with all its data', async () => {
    const { pid } = await sandboxStatus(pathsOf('two'));
    process.kill(pid as number, 'SIGKILL');
    await ended(pid as number);
    expect((await upSandbox(pathsOf('two'), { progress: silentProgress })).outcome).toBe('started');
    expect(await ask('platform', 'SELECT count(*)::int FROM mail.messages', 'two')).toEqual([[1_000]]);
  });

  test('down stops its own server and no other; a taken port is left alone, unless it was asked for', async () => {
    const { port = 0 } = await sandboxStatus(pathsOf('two'));
    expect(await downSandbox(pathsOf('two'))).toEqual({ stopped: true });
    expect(await downSandbox(pathsOf('two'))).toEqual({ stopped: false });
    expect((await sandboxStatus(pathsOf('one'))).state).toBe('up');
    const stranger = await listenOn(port);
    try {
      await expect(upSandbox(pathsOf('two'), { progress: silentProgress, port })).rejects.toMatchObject({
        code: 'port-taken',
        exitCode: 2,
      });
      const { server } = await upSandbox(pathsOf('two'), { progress: silentProgress });
      expect(server.port).not.toBe(port);
      expect(await ask('platform', 'SELECT 1', 'two')).toEqual([[1]]);
    } finally {
      stranger.close();
    }
  });

  test('an up that is killed half-way is made anew by the next, and its server does not stay behind', async () => {
    const paths = pathsOf('half');
    const child = spawn(process.execPath, ['--input-type=module', '-e', upScript('half')], {
      env: { ...process.env, POSTERN_SANDBOX_HOME: home },
      stdio: 'ignore',
    });
    const left = await runningServer(paths.dataDirectory);
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
    expect((await sandboxStatus(paths)).state).toBe('incomplete');
    expect((await upSandbox(paths, options)).outcome).toBe('created');
    expect(() => process.kill(left, 0)).toThrow(/ESRCH/);
    expect(await ask('platform', 'SELECT count(*)::int FROM mail.messages', 'half')).toEqual([[1_000]]);
    await resetSandbox(paths);
    expect((await sandboxStatus(paths)).state).toBe('absent');
  });

  test("a folder that is not a sandbox's is neither filled nor emptied", async () => {
    const paths = pathsOf('stranger');
    await mkdir(paths.folder);
    await writeFile(join(paths.folder, 'precious'), 'data');
    await expect(upSandbox(paths, options)).rejects.toMatchObject({
      code: 'sandbox-folder-taken',
      exitCode: 6,
    });
    await expect(resetSandbox(paths)).rejects.toMatchObject({ code: 'sandbox-folder-taken' });
    expect(await readFile(join(paths.folder, 'precious'), 'utf8')).toBe('data');
  });

  test('a second process that would change the same sandbox is told to wait', async () => {
    await writeFile(
      `${pathsOf('one').folder}.lock`,
      JSON.stringify({ pid: 1, host: (await import('node:os')).hostname(), token: 'x' }),
    );
    await expect(downSandbox(pathsOf('one'))).rejects.toMatchObject({ exitCode: 11 });
    await rm(`${pathsOf('one').folder}.lock`);
  });
});

function upScript(name: string): string {
  const index = pathToFileURL(join(import.meta.dirname, '../../src/lib/sandbox/index.ts')).href;
  return `const s = await import('${index}');
    const step = { advance() {}, done() {}, fail() {} };
    await s.upSandbox(s.sandboxPaths('${name}'), { messages: 500_000, progress: { step: () => step, detail() {}, warn() {} } });`;
}

async function runningServer(dataDirectory: string): Promise<number> {
  for (;;) {
    const running = await runningPostmaster(dataDirectory);
    if (running !== undefined) return running.pid;
    await delay(20);
  }
}

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  return server;
}

async function checksums(name: string): Promise<Record<string, unknown>> {
  const url = withDatabase(await readUrl(pathsOf(name), 'superuser'), 'mail');
  return withConnection({ url, role: 'sandbox' }, async (client) => {
    const { rows } = await client.query<{ table: string }>(
      `SELECT oid::regclass::text AS table FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace IN ('mail'::regnamespace, 'ops'::regnamespace)`,
    );
    const sums: Record<string, unknown> = {};
    for (const { table } of rows) {
      const row = table === 'mail.subject_keys' ? `to_jsonb(t) - 'wrapped_dek' - 'kms_key'` : 't';
      const { rows: found } = await client.query(
        `SELECT count(*)::int AS n, md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")) AS sum FROM (SELECT (${row})::text AS line FROM ${table} t) AS lines`,
      );
      sums[table] = found[0];
    }
    return sums;
  });
}

async function objects(name: string): Promise<readonly string[]> {
  const store = await openLocalObjectStore({ path: pathsOf(name).objects.mail });
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(`${key} ${(await store.head(key))?.sha256}`);
  return found;
}
