import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findPgDumps } from '../../src/lib/backup/schema-dump/find-pg-dump.ts';
import {
  chooseSchemaDumper,
  comparableSchema,
  dumpSchema,
  type SchemaDumper,
} from '../../src/lib/backup/schema-dump/index.ts';
import { withLibpqSettings } from '../../src/lib/backup/schema-dump/libpq-settings.ts';
import { normaliseDump } from '../../src/lib/backup/schema-dump/normalise-dump.ts';
import { type Client, connect, withConnection } from '../../src/lib/base/postgres.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const wasm: SchemaDumper = { kind: 'wasm', version: '18.3', major: 18 };

describe('chooseSchemaDumper', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-pg-dump-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  async function program(name: string, output: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\necho '${output}'\n`);
    await chmod(path, 0o755);
    return path;
  }

  test("takes a native pg_dump of the server's version or a later one", async () => {
    const nativePath = await program('seventeen', 'pg_dump (PostgreSQL) 17.2 (Debian 17.2-1.pgdg120+1)');
    const dumper = { kind: 'native', path: nativePath, version: '17.2', major: 17 };
    expect(await chooseSchemaDumper({ serverVersion: 170_009, nativePath })).toEqual(dumper);
    expect(await chooseSchemaDumper({ serverVersion: 120_001, nativePath })).toEqual(dumper);
  });

  test('takes the built-in one where the native one is too old, or is not wanted', async () => {
    const nativePath = await program('sixteen', 'pg_dump (PostgreSQL) 16.4');
    const builtIn = { kind: 'wasm', version: expect.stringMatching(/^18\.\d+$/), major: 18 };
    expect(await chooseSchemaDumper({ serverVersion: 180_004, nativePath })).toEqual(builtIn);
    expect(await chooseSchemaDumper({ serverVersion: 150_000, nativePath, prefer: 'wasm' })).toEqual(builtIn);
  });

  test('refuses a server that is newer than every pg_dump, and says which there are', async () => {
    const nativePath = await program('sixteen', 'pg_dump (PostgreSQL) 16.4');
    await expect(chooseSchemaDumper({ serverVersion: 190_000, nativePath })).rejects.toMatchObject({
      code: 'pg-dump-too-old',
      exitCode: 1,
      message: expect.stringMatching(/PostgreSQL 19 .* found 16\.4 \(.*\/sixteen\), 18\.\d+ \(built in\)$/),
      hints: [expect.stringContaining('postgresql-client-19')],
    });
    await expect(
      chooseSchemaDumper({ serverVersion: 170_000, nativePath, prefer: 'native' }),
    ).rejects.toMatchObject({ code: 'pg-dump-too-old' });
  });

  test('refuses a configured program that is no pg_dump', async () => {
    const nativePath = await program('other', 'psql (PostgreSQL) 18.0');
    for (const path of [nativePath, join(folder, 'missing')]) {
      const choice = chooseSchemaDumper({ serverVersion: 150_000, nativePath: path });
      await expect(choice).rejects.toMatchObject({ code: 'pg-dump-missing' });
    }
  });

  test('finds pg_dump on PATH, and of several takes the oldest that will do', async () => {
    const folders = [];
    for (const major of [98, 97, 99]) {
      const path = await mkdtemp(join(folder, 'bin-'));
      await writeFile(join(path, 'pg_dump'), `#!/bin/sh\necho 'pg_dump (PostgreSQL) ${major}beta1'\n`, {
        mode: 0o755,
      });
      folders.push(path);
    }
    vi.stubEnv('PATH', ['', join(folder, 'nowhere'), ...folders].join(':'));
    const found = await findPgDumps();
    expect(found.filter(({ major }) => major > 90)).toHaveLength(3);
    expect(await chooseSchemaDumper({ serverVersion: 960_000 })).toMatchObject({ kind: 'native', major: 97 });
  });
});

describe('normaliseDump', () => {
  const dump = (version: string, body: string) =>
    Buffer.from(
      `--\n-- PostgreSQL database dump\n--\n\n\\restrict x${version}\n\n-- Dumped from database version ${version}\n-- Dumped by pg_dump version 18.3\n\nSET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n\n${body}\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x${version}\n\n`,
      'latin1',
    );

  test('drops what differs from run to run, and keeps every other byte', () => {
    const body =
      "COMMENT ON TABLE a IS '\xe9\n\\restrict x\n-- Dumped by pg_dump version 1\nSET transaction_timeout = 0;\n\\unrestrict x\n';\n";
    expect(normaliseDump(dump('18.4', body)).toString('latin1')).toBe(
      `--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n\n${body}\n--\n-- PostgreSQL database dump complete\n--\n\n`,
    );
  });

  test('drops a setting that the server does not know', () => {
    expect(normaliseDump(dump('16.1', '')).includes('transaction_timeout')).toBe(false);
  });
});

describe('comparableSchema', () => {
  const comparable = (dump: string) => comparableSchema(Buffer.from(dump)).toString();

  test('evens out what PostgreSQL prints in another way after a restore', () => {
    expect(
      comparable(
        `CHECK (((a)::text = ANY ((ARRAY['x, '']'::character varying, 'y'::character varying])::text[])))`,
      ),
    ).toBe(
      `CHECK (((a)::text = ANY (ARRAY[('x, '']'::character varying)::text, ('y'::character varying)::text])))`,
    );
    expect(comparable('SELECT f.a AS a,\n f."B" AS "B"')).toBe('SELECT f.a,\n f."B"');
    const child = (columns: string) => `CREATE TABLE c (\n${columns}\n)\nINHERITS (p);\n`;
    expect(comparable(child('    b integer,\n    a text'))).toBe(
      comparable(child('    a text,\n    b integer')),
    );
  });

  test('keeps real differences', () => {
    for (const [one, other] of [
      [`(ARRAY['x'::character varying])::text[]`, `ARRAY[('y'::character varying)::text]`],
      ['SELECT f.a AS ab', 'SELECT f.a'],
      ['CREATE TABLE c (\n    a text,\n    b text\n);\n', 'CREATE TABLE c (\n    b text,\n    a text\n);\n'],
    ] as const) {
      expect(comparable(one)).not.toBe(comparable(other));
    }
  });
});

/** What holds for the native and the built-in pg_dump alike; `dumper` is called inside the tests. */
function dumpSchemaContract(dumper: () => Promise<SchemaDumper>): void {
  let database: TestDatabase;
  let client: Client;
  // Within a transaction, pg_stat_activity does not change.
  let observer: Client;
  const dump = async (options: Partial<Parameters<typeof dumpSchema>[1]> = {}) => {
    const settings = { url: database.url, sections: 'pre-data', encoding: 'UTF8', ...options } as const;
    return (await dumpSchema(await dumper(), settings)).toString();
  };

  beforeAll(async () => {
    database = await testDatabase({ major: 15 });
    client = await connect({ url: database.url, role: 'test database' });
    observer = await connect({ url: database.url, role: 'test database' });
    await client.query(`
      CREATE TABLE one (id integer PRIMARY KEY, a text);
      INSERT INTO one VALUES (1, 'a row');
      SELECT lo_create(77)`);
  });
  afterAll(async () => {
    await client.end();
    await observer.end();
    await database.drop();
  });

  test('writes each section without rows, large objects and what only psql understands', async () => {
    const preData = await dump();
    const postData = await dump({ sections: 'post-data' });
    expect(preData).toContain('CREATE TABLE public.one (');
    expect(postData).toContain('ADD CONSTRAINT one_pkey PRIMARY KEY (id)');
    expect(preData + postData).not.toMatch(/a row|lo_create|^\\|^-- Dumped|transaction_timeout/m);
    expect(preData).not.toContain('one_pkey');
  });

  test('sees the snapshot of the session that holds it, not what came later', async () => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      const { rows } = await client.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
      await withConnection({ url: database.url, role: 'other' }, (other) =>
        other.query('CREATE TABLE later (a text)'),
      );
      expect(await dump({ snapshot: rows[0]?.snapshot ?? '' })).not.toContain('later');
      expect(await dump()).toContain('CREATE TABLE public.later');
    } finally {
      await client.query('ROLLBACK');
    }
  });

  test('fails when the snapshot is gone, instead of dumping something else', async () => {
    await expect(dump({ snapshot: '00000003-0000001B-1' })).rejects.toMatchObject({
      exitCode: 1,
      code: 'snapshot-lost',
    });
  });

  test('names the privilege that is missing', async () => {
    const role = `poor_${database.name}`;
    const url = new URL(database.url);
    url.username = role;
    url.password = "a 'b\\c:d@é";
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'a ''b\\c:d@é'`);
    try {
      await expect(dump({ url: url.toString() })).rejects.toMatchObject({
        code: 'schema-dump-privilege',
        message: expect.stringMatching(
          /^pg_dump ended with exit code 1: error: .*permission denied for table/,
        ),
        hints: [expect.stringContaining('grant SELECT on table')],
      });
      await client.query(`GRANT pg_read_all_data TO ${role}`);
      expect(await dump({ url: url.toString() })).toContain('CREATE TABLE public.one');
    } finally {
      await client.query(`DROP ROLE ${role}`);
    }
  });

  test('hands on what pg_dump warns of', async () => {
    const role = `subscriber_${database.name}`;
    await client.query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'x' IN ROLE pg_read_all_data;
      CREATE SUBSCRIPTION ${role} CONNECTION 'host=192.0.2.1' PUBLICATION p WITH (connect = false, slot_name = NONE)`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'x';
    const warnings: string[] = [];
    const onWarning = (warning: string) => warnings.push(warning);
    try {
      await dump({ url: url.toString(), onWarning });
      expect(warnings).toEqual([expect.stringContaining('subscriptions not dumped')]);
      expect((await dump()) + (await dump({ sections: 'post-data' }))).toContain('CREATE SUBSCRIPTION');
    } finally {
      await client.query(`DROP SUBSCRIPTION ${role}`);
      await client.query(`DROP ROLE ${role}`);
    }
  });

  test.each([33_000, 100_000, 5_000_000])(
    'reads a definition of %i bytes, more than libpq buffers',
    async (length) => {
      await client.query(
        `CREATE OR REPLACE FUNCTION long() RETURNS text LANGUAGE sql AS $$ SELECT '${'x'.repeat(length)}' $$`,
      );
      expect((await dump()).match(/x{1000,}/)?.[0]).toHaveLength(length);
    },
  );

  test('gives up on a table that stays locked', async () => {
    await client.query('BEGIN; LOCK TABLE one');
    try {
      await expect(dump({ lockWaitTimeout: 200 })).rejects.toMatchObject({
        code: 'schema-dump-lock-timeout',
      });
    } finally {
      await client.query('ROLLBACK');
    }
  });

  test('ends its session at the server when it is aborted', async () => {
    const waiting = `SELECT count(*)::integer AS n FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await client.query('BEGIN; LOCK TABLE one');
    const controller = new AbortController();
    try {
      const dumped = dump({ signal: controller.signal });
      const isWaiting = async () => expect((await observer.query(waiting)).rows).toEqual([{ n: 1 }]);
      await vi.waitFor(isWaiting, { timeout: 20_000, interval: 20 });
      controller.abort(new Error('enough'));
      await expect(dumped).rejects.toThrow('enough');
      const hasEnded = async () => expect((await observer.query(waiting)).rows).toEqual([{ n: 0 }]);
      await vi.waitFor(hasEnded, { timeout: 20_000, interval: 20 });
    } finally {
      await client.query('ROLLBACK');
    }
    await expect(dump({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });

  test('fails when the server ends its session', async () => {
    await client.query('BEGIN; LOCK TABLE one');
    const terminate = `SELECT count(pg_terminate_backend(pid))::integer AS n FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    try {
      const outcome = expect(dump()).rejects.toMatchObject({ exitCode: 1, code: 'schema-dump-failed' });
      const isEnded = async () => expect((await observer.query(terminate)).rows).toEqual([{ n: 1 }]);
      await vi.waitFor(isEnded, { timeout: 20_000, interval: 20 });
      await outcome;
    } finally {
      await client.query('ROLLBACK');
    }
  });
}

describe('dumpSchema with the built-in pg_dump', () => {
  dumpSchemaContract(() => Promise.resolve(wasm));

  test('reads a schema of 1,000 tables and several megabytes', async () => {
    const database = await testDatabase();
    await withConnection({ url: database.url, role: 'test database' }, (client) =>
      client.query(`DO $$ BEGIN FOR n IN 1..1000 LOOP
        EXECUTE format('CREATE TABLE t%s (id integer, a text DEFAULT %L)', n, repeat('long ', 1000));
        IF n % 200 = 0 THEN COMMIT; END IF;
      END LOOP; END $$`),
    );
    const dump = await dumpSchema(wasm, { url: database.url, sections: 'pre-data', encoding: 'UTF8' });
    expect(dump.toString().match(/^CREATE TABLE/gm)).toHaveLength(1000);
    expect(dump.length).toBeGreaterThan(5_000_000);
    await database.drop();
  });
});

describeWith(['psql'], 'dumpSchema with a native pg_dump, which comes with psql,', () => {
  dumpSchemaContract(() => chooseSchemaDumper({ serverVersion: 150_000, prefer: 'native' }));

  test('says so when the program has gone', async () => {
    const gone: SchemaDumper = { kind: 'native', path: '/nowhere/pg_dump', version: '18.0', major: 18 };
    const url = 'postgresql://127.0.0.1:1/x';
    await expect(dumpSchema(gone, { url, sections: 'pre-data', encoding: 'UTF8' })).rejects.toMatchObject({
      code: 'pg-dump-not-started',
    });
  });
});

describe('withLibpqSettings', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('keeps the password out of arguments and environment', async () => {
    vi.stubEnv('PGPASSWORD', 'sesame-env');
    await withLibpqSettings('postgresql://u:sesame%3A1@h:5433/d', async ({ connection, environment }) => {
      expect(connection).toBe(
        "host='h' port='5433' user='u' dbname='d' gssencmode='disable' sslmode='disable'",
      );
      expect(JSON.stringify(environment)).not.toContain('sesame');
      const { readFile, stat } = await import('node:fs/promises');
      const file = environment['PGPASSFILE'] ?? '';
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).toBe('*:*:*:*:sesame\\:1\n');
    });
  });

  test('leaves no file behind, even after an error', async () => {
    const { access } = await import('node:fs/promises');
    let file = '';
    const work = withLibpqSettings('postgresql://u:sesame@h/d', async ({ environment }) => {
      file = environment['PGPASSFILE'] ?? '';
      await access(file);
      throw new Error('work failed');
    });
    await expect(work).rejects.toThrow('work failed');
    await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    ['?sslmode=disable', /sslmode='disable'/],
    ['?sslmode=no-verify', /sslmode='require'/],
    ['?sslmode=verify-full', /sslmode='verify-full' sslrootcert='[^']*root\.crt'/],
    ['?options=-c%20statement_timeout%3D5', /options='-c statement_timeout=5'/],
  ])('carries over %s', async (query, expected) => {
    await withLibpqSettings(`postgresql://u@h/it%27s%5C${query}`, async ({ connection }) => {
      expect(connection).toMatch(expected);
      expect(connection).toContain(`dbname='it\\'s\\\\'`);
    });
  });
});
