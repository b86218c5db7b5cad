import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dumpSchema, type SchemaDumper } from '../../src/lib/backup/schema-dump/index.ts';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const wasm: SchemaDumper = { kind: 'wasm', version: '18.3', major: 18 };
const patiently = { timeout: 20_000, interval: 20 };
let database: TestDatabase;
let locker: Client;
let observer: Client;

beforeAll(async () => {
  database = await testDatabase();
  locker = await connect({ url: database.url, role: 'test database' });
  observer = await connect({ url: database.url, role: 'test database' });
  await locker.query('CREATE TABLE one (id integer)');
});
afterAll(async () => {
  await locker.end();
  await observer.end();
  await database.drop();
});

const dump = (): Promise<Buffer> =>
  dumpSchema(wasm, { url: database.url, sections: 'pre-data', encoding: 'UTF8' });

/** Ends pg_dump's process as V8 ends it, once pg_dump waits for the lock. @returns the session that waited */
async function crash(except?: number): Promise<number> {
  const session = await vi.waitFor(async () => {
    const { rows } = await observer.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> $1`,
      [except ?? 0],
    );
    expect(rows).toHaveLength(1);
    return rows[0]?.pid ?? 0;
  }, patiently);
  process.kill(pgDumpProcess(), 'SIGSEGV');
  return session;
}

function pgDumpProcess(): number {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const found = lines
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, ...args]) => parent === String(process.pid) && args.join(' ').includes('wasm-process'),
    );
  expect(found).toHaveLength(1);
  return Number(found[0]?.[0]);
}

test('a crash of the built-in pg_dump is followed by another try', async () => {
  await locker.query('BEGIN; LOCK TABLE one');
  try {
    const dumped = dump();
    await crash();
    await locker.query('ROLLBACK');
    expect((await dumped).toString()).toContain('CREATE TABLE public.one (');
  } finally {
    await locker.query('ROLLBACK');
  }
});

test('a built-in pg_dump that always crashes is an error that says so, and leaves no session behind', async () => {
  await locker.query('BEGIN; LOCK TABLE one');
  try {
    const failed = expect(dump()).rejects.toMatchObject({
      exitCode: 1,
      code: 'wasm-pg-dump-broken',
      message: expect.stringMatching(/ended 3 times, the last time by SIGSEGV$/),
    });
    let session = await crash();
    session = await crash(session);
    await crash(session);
    await failed;
    // A session that is told to end takes a moment.
    await vi.waitFor(async () => {
      const { rows } = await observer.query(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(rows).toEqual([]);
    }, patiently);
  } finally {
    await locker.query('ROLLBACK');
  }
});
