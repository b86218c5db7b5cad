import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chooseSchemaDumper, dumpSchema, type SchemaDumper } from '../../src/lib/backup/schema-dump/index.ts';
import { type Client, connect, withConnection } from '../../src/lib/base/postgres.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const wasm: SchemaDumper = { kind: 'wasm', version: '18.3', major: 18 };

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
