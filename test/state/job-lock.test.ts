import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/lib/base/postgres.ts';
import { withJobLock } from '../../src/lib/state/job-lock.ts';
import { type TestState, testState } from '../support/operation.ts';

let state: TestState;

beforeAll(async () => {
  state = await testState();
});
afterAll(() => state.close());

test('a lock that is held elsewhere is refused at once, and its holder is named', async () => {
  await withJobLock(state.pool, 'backup of mail', async () => {
    const second = withJobLock(state.pool, 'backup of mail', () => Promise.resolve());
    await expect(second).rejects.toMatchObject({ exitCode: 11, code: 'job-locked' });
    await expect(second).rejects.toThrow(`postern backup of mail ${hostname()}:${process.pid}`);
  });
});

test('locks of other names do not get in the way', async () => {
  const result = await withJobLock(state.pool, 'one', () =>
    withJobLock(state.pool, 'two', () => Promise.resolve(2)),
  );
  expect(result).toBe(2);
});

test('a lock is free again after the work, also when the work failed', async () => {
  await expect(withJobLock(state.pool, 'again', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(withJobLock(state.pool, 'again', () => Promise.resolve('yes'))).resolves.toBe('yes');
});

test('on a single connection too, the lock and the changed application name go away', async () => {
  const client = await connect({ url: state.url, role: 'state database', purpose: 'test' });
  await withJobLock(client, 'single', () => Promise.resolve());
  await expect(withJobLock(state.pool, 'single', () => Promise.resolve('free'))).resolves.toBe('free');
  const { rows } = await client.query('select current_setting($1) as name', ['application_name']);
  expect(rows).toEqual([{ name: 'postern test' }]);
  await client.end();
});

test('a lock dies with its connection, and what is written through it then fails', async () => {
  await expect(
    withJobLock(state.pool, 'mortal', async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      await state.pool.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]);
      await withJobLock(state.pool, 'mortal', () => Promise.resolve());
      await client.query('select 1');
    }),
  ).rejects.not.toMatchObject({ exitCode: 11 });
});
