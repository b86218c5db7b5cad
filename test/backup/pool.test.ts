import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CopiedTable } from '../../src/lib/backup/format/part-sql.ts';
import type { WorkerSettings } from '../../src/lib/backup/worker/jobs.ts';
import { openWorkerPool, type WorkerPool } from '../../src/lib/backup/worker/pool.ts';
import { type Person, person } from '../crypto/message-fixture.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

let database: TestDatabase;
let operations: Person;

beforeAll(async () => {
  database = await testDatabase();
  operations = await person('operations');
  await sql(
    database.url,
    `create table rows (id int, text text); insert into rows select n, md5(n || 'a') || md5(n || 'b') || md5(n || 'c') || md5(n || 'd') || md5(n || 'e') || md5(n || 'f') from generate_series(1, 40000) n`,
  );
});

afterAll(() => database?.drop());

const rows: CopiedTable = { schema: 'public', name: 'rows', columns: ['id', 'text'] };
const missing: CopiedTable = { ...rows, name: 'missing' };

const settings = (url = database.url): WorkerSettings => ({
  database: { url, encoding: 'UTF8', writes: false },
  seal: {
    recipients: [operations.recipient.armored],
    checkedAt: new Date().toISOString(),
    level: 1,
    partSize: 2 ** 10,
    verify: true,
  },
});

async function withPool<T>(
  size: number,
  work: (pool: WorkerPool, abort: AbortController) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const pool = await openWorkerPool(size, settings(), abort.signal);
  try {
    return await work(pool, abort);
  } finally {
    await pool.close();
  }
}

async function sessionsLeft(): Promise<number> {
  const [row] = await sql<{ n: number }>(
    database.url,
    `select count(*)::int as n from pg_stat_activity where datname = '${database.name}' and application_name ~ '^postern backup'`,
  );
  return row?.n ?? -1;
}

test('more jobs than workers are all done, each once', async () => {
  await withPool(2, async (pool) => {
    const sums = await Promise.all(Array.from({ length: 7 }, () => pool.run('sum', { table: rows })));
    expect(new Set(sums.map(({ checksum }) => checksum)).size).toBe(1);
    expect(sums[0]?.rows).toBe(40_000);
  });
});

test('a job that fails says why, and its worker goes on with the next one', async () => {
  await withPool(1, async (pool) => {
    await expect(pool.run('sum', { table: missing })).rejects.toMatchObject({
      exitCode: 1,
      code: 'copy-failed',
      message: expect.stringContaining('missing'),
    });
    expect(await pool.run('sum', { table: rows })).toMatchObject({ rows: 40_000 });
  });
});

test('a part that cannot be stored ends its job, and those that wait, with the reason of the store', async () => {
  const parts: number[] = [];
  await withPool(1, async (pool) => {
    const onPart = async ({ part }: { readonly part: number }) => {
      parts.push(part);
      if (part === 2) throw new Error('the store is full');
    };
    const jobs = [pool.run('seal', { table: rows }, { onPart }), pool.run('sum', { table: rows })];
    const outcomes = await Promise.allSettled(jobs);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'the store is full' } });
    await expect(pool.run('sum', { table: rows })).rejects.toThrow('the store is full');
  });
  expect(parts).toEqual([1, 2]);
});

test('at most one part of a worker waits while the next one grows', async () => {
  let storing = 0;
  let most = 0;
  await withPool(2, async (pool) => {
    const onPart = async () => {
      storing += 1;
      most = Math.max(most, storing);
      await new Promise((resolve) => setImmediate(resolve));
      storing -= 1;
    };
    await Promise.all([
      pool.run('seal', { table: rows }, { onPart }),
      pool.run('seal', { table: rows }, { onPart }),
    ]);
  });
  expect(most).toBeLessThanOrEqual(2);
});

test('an abort ends what runs and what waits, and closing waits for parts on their way', async () => {
  let isStored = false;
  await withPool(1, async (pool, abort) => {
    const begun = Promise.withResolvers<void>();
    const onPart = async () => {
      begun.resolve();
      await new Promise((resolve) => setTimeout(resolve, 50));
      isStored = true;
    };
    const jobs = [pool.run('seal', { table: rows }, { onPart }), pool.run('sum', { table: rows })];
    await begun.promise;
    abort.abort();
    for (const outcome of await Promise.allSettled(jobs)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
    }
    expect(isStored).toBe(false);
  });
  expect(isStored).toBe(true);
  await expect.poll(sessionsLeft).toBe(0);
});

test('closing rejects what still runs, so that nobody waits for it for ever', async () => {
  const pool = await openWorkerPool(1, settings(), new AbortController().signal);
  const job = pool.run('sum', { table: rows });
  const outcome = expect(job).rejects.toThrow('closed');
  await pool.close();
  await outcome;
  await expect(pool.run('sum', { table: rows })).rejects.toThrow('closed');
});

test('a worker that cannot connect fails the opening with its reason, and no other stays behind', async () => {
  const wrong = Object.assign(new URL(database.url), { pathname: '/no_such_database' }).toString();
  const signal = new AbortController().signal;
  await expect(openWorkerPool(3, settings(wrong), signal)).rejects.toMatchObject({
    exitCode: 1,
    code: 'database-missing',
  });
  const held = {
    ...settings(),
    database: { url: database.url, encoding: 'UTF8', snapshot: '00000003-00000001-1', writes: false },
  };
  await expect(openWorkerPool(2, held, signal)).rejects.toMatchObject({ exitCode: 1, code: 'snapshot-lost' });
  await expect.poll(sessionsLeft).toBe(0);
});

test('an abort before the opening opens nothing', async () => {
  await expect(openWorkerPool(1, settings(), AbortSignal.abort())).rejects.toMatchObject({
    name: 'AbortError',
  });
});
