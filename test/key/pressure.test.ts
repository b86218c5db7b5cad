import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/lib/base/postgres.ts';
import { type Bearable, unlimited } from '../../src/lib/key/walk/bearable.ts';
import { underPressure } from '../../src/lib/key/walk/pressure.ts';
import { type Replicated, startReplicated } from '../support/standby.ts';

let pair: Replicated;
beforeAll(async () => {
  pair = await startReplicated(async (client) => {
    await client.query(`
      create table walked (id int primary key, filler text);
      insert into walked select n, repeat('x', 500) from generate_series(1, 3000) n;
      create role unprivileged login password 'x'`);
  });
});
afterAll(() => pair?.stop());

const { signal } = new AbortController();

function throttled(limits: Partial<Bearable>) {
  const pauses: string[] = [];
  const throttle = underPressure(pair.client, {
    table: 'public.walked',
    limits: { ...unlimited, ...limits },
    onPause: (reason) => pauses.push(reason),
  });
  return { pauses, pass: () => throttle(1, signal) };
}

/** Whether it lets rows through now, looked at for as long as a look at the server and a pause may take. */
async function isLetThrough(pass: () => Promise<void>): Promise<boolean> {
  const later = new Promise<false>((resolve) => setTimeout(resolve, 1500, false));
  return Promise.race([pass().then(() => true), later]);
}

test('a replica that stands still is waited for once it is behind for longer than allowed', async () => {
  const { pass, pauses } = throttled({ replicaLagSeconds: 1 });
  await pass();
  await pair.onStandby.query('select pg_wal_replay_pause()');
  await expect
    .poll(
      async () => {
        await pair.client.query(`update walked set filler = repeat('y', 500) where id < 10`);
        return isLetThrough(pass);
      },
      { timeout: 15_000 },
    )
    .toBe(false);
  expect(pauses).toEqual([expect.stringMatching(/^a replica is \d+ s behind$/)]);
  const waiting = pass();
  await pair.onStandby.query('select pg_wal_replay_resume()');
  await waiting;
});

test('a write-ahead log that grows too fast is waited for, one that grows slowly is not', async () => {
  const fast = throttled({ walBytesPerSecond: 10_000 });
  const slow = throttled({ walBytesPerSecond: 1_000_000_000 });
  await Promise.all([fast.pass(), slow.pass()]);
  await pair.client.query(`update walked set filler = repeat('z', 500)`);
  await expect.poll(() => isLetThrough(fast.pass), { timeout: 15_000 }).toBe(false);
  expect(fast.pauses).toEqual(['the write-ahead log grows too fast']);
  await expect.poll(() => isLetThrough(slow.pass)).toBe(true);
  expect(slow.pauses).toEqual([]);
});

test('a table that is vacuumed is left alone until that ends', async () => {
  const { pass, pauses } = throttled({ vacuum: 'pause' });
  const ignoring = throttled({});
  await pass();
  const other = await connect({ url: pair.primary.url, role: 'vacuuming' });
  await pair.client.query(`update walked set filler = repeat('v', 500)`);
  await other.query('set vacuum_cost_delay = 100; set vacuum_cost_limit = 1');
  const { rows } = await other.query<{ pid: number }>('select pg_backend_pid() as pid');
  const vacuum = other.query('vacuum walked').catch(() => {});
  await expect.poll(() => isLetThrough(pass), { timeout: 15_000 }).toBe(false);
  expect(pauses).toEqual(['public.walked is being vacuumed']);
  expect(await isLetThrough(ignoring.pass)).toBe(true);
  const waiting = pass();
  await pair.client.query('select pg_cancel_backend($1)', [rows[0]?.pid]);
  await Promise.all([vacuum, waiting]);
  await other.end();
});

test('a login that may not see replicas is told, and only when it is asked for them', async () => {
  const url = new URL(pair.primary.url);
  url.username = 'unprivileged';
  url.password = 'x';
  const blind = await connect({ url: url.toString(), role: 'blind' });
  const asking = (limits: Partial<Bearable>) =>
    underPressure(blind, { table: 'public.walked', limits: { ...unlimited, ...limits }, onPause: () => {} })(
      1,
      signal,
    );
  await expect(asking({ replicaLagSeconds: 5 })).rejects.toMatchObject({
    code: 'replicas-unseen',
    exitCode: 4,
  });
  await asking({ walBytesPerSecond: 1_000_000 });
  await blind.end();
});
