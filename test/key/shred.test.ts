import { afterEach, beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { takeCensus } from '../../src/lib/key/census/index.ts';
import {
  keyReencrypt,
  listQuarantine,
  planReencrypt,
  reencryptOutcome,
} from '../../src/lib/key/reencrypt/index.ts';
import { keyShred, planShred, shredReplayer } from '../../src/lib/key/shred/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';

let world: KeyWorld;
let person: string;
beforeEach(async () => {
  world = await keyWorld({ persons: 3, tokensEach: 4 });
  const [token = ''] = world.tokens.keys();
  person = token.split('/')[0] ?? '';
});
afterEach(() => world.close());

async function planned(own: { readonly subject?: string } = {}) {
  const context = await world.context();
  const made = await planShred(context, {
    keyring: undefined,
    subject: person,
    reason: 'request 17',
    ...own,
  });
  await savePlan(context, made.plan);
  return { context, ...made };
}

const keysOf = async (who: string) =>
  (
    await world.platform.query(
      'select octet_length(wrapped)::int as bytes, state from app.key where person_id = $1 order by version',
      [who],
    )
  ).rows;

test("a shredded subject's values cannot be read any more, and everybody else's can", async () => {
  const { context, plan, inputs } = await planned();
  expect(inputs.values).toEqual([{ table: 'app.token', column: 'secret', values: 4 }]);
  expect(plan.text).not.toContain(person);
  await applyPlan(context, keyShred, plan.id);
  expect(await keysOf(person)).toEqual([{ bytes: 0, state: 'destroyed' }]);
  world.forgetKeys();
  await expect(world.readTokens()).rejects.toMatchObject({ code: 'kms-wrong-key' });
  await world.platform.query('delete from app.token where person_id = $1', [person]);
  const others = [...world.tokens].filter(([token]) => !token.startsWith(person));
  expect(await world.readTokens()).toEqual(new Map(others));
});

test('what was shredded is no matter of a rotation, a census or the register, whether its subject has a newer key or none', async () => {
  const { context, plan } = await planned();
  await applyPlan(context, keyShred, plan.id);
  // Another subject's oldest version, under which one value was left.
  const [other = ''] = [...world.tokens.keys()].filter((token) => !token.startsWith(person));
  const [owner = '', name = ''] = other.split('/');
  const {
    rows: [left],
  } = await world.platform.query('select secret from app.token where person_id = $1 and name = $2', [
    owner,
    name,
  ]);
  await reencrypted('new');
  await world.platform.query(
    `update app.token set secret = $3, key_id = encode(substr($3::bytea, 7, 16), 'hex')::uuid where person_id = $1 and name = $2`,
    [owner, name, left.secret],
  );
  await world.platform.query(
    `update app.key set state = 'destroyed', wrapped = '' where person_id = $1 and version = 1`,
    [owner],
  );
  const before = await shreddedValues();
  expect(before).toHaveLength(5);
  expect(await reencrypted('new')).toMatchObject({ shredded: 5, values: 7 });
  expect(await shreddedValues()).toEqual(before);
  expect(await listQuarantine(world.state.pool, context.profile, 10)).toMatchObject({ total: 0 });
  expect(await reencrypted('active')).toBeUndefined();

  const db = await context.openReader();
  const census = await takeCensus(db, await context.map(), {
    columns: 'declared',
    progress: silentProgress,
    signal: new AbortController().signal,
  });
  await db.end();
  expect(census.findings).toEqual([]);
  const destroyed = census.columns[0]?.groups.filter(({ state }) => state === 'destroyed') ?? [];
  expect(destroyed.reduce((sum, { values }) => sum + values, 0)).toBe(5);
});

test('a value under a key that is unknown or only disabled is a finding, also of a subject that was shredded', async () => {
  const { context, plan } = await planned();
  await applyPlan(context, keyShred, plan.id);
  const set = (token: string, secret: string) =>
    world.platform.query(`update app.token set secret = ${secret} where person_id = $1 and name = $2`, [
      person,
      token,
    ]);
  await set('t0', `overlay(secret placing uuid_send(gen_random_uuid()) from 7)`);
  const [disabled = ''] = [...world.tokens.keys()].filter((token) => !token.startsWith(person));
  await world.platform.query(`update app.key set state = 'disabled' where person_id = $1`, [
    disabled.split('/')[0],
  ]);
  await expect(reencrypted('new')).rejects.toMatchObject({ exitCode: 7 });
  const { values } = await listQuarantine(world.state.pool, context.profile, 10);
  const reasons = values.map(({ key, reason }) => `${key[0] === person ? 'shredded' : 'disabled'} ${reason}`);
  expect(reasons.toSorted((one, other) => one.localeCompare(other))).toEqual([
    ...Array.from({ length: 4 }, () => 'disabled key-not-active'),
    'shredded key-not-active',
  ]);
});

/** What a rotation took, from its certificate's words; undefined where there is nothing to do. */
async function reencrypted(keys: 'new' | 'active') {
  const context = await world.context();
  const made = await planReencrypt(context, {
    keyring: undefined,
    keys,
    kek: null,
    batchSize: 7,
    workers: 1,
    rowsPerSecond: null,
    bearable: unlimited,
    kmsRequestsPerSecond: null,
    writerCacheSeconds: 0,
  });
  if (made.plan === undefined) return undefined;
  await savePlan(context, made.plan);
  const applied = await applyPlan(context, keyReencrypt, made.plan.id);
  return (await reencryptOutcome(context, made, { plan: made.plan, outcome: 'applied', applied })).actual;
}

async function shreddedValues() {
  const { rows } = await world.platform.query(
    `select person_id, name, secret from app.token t where exists
       (select from app.key k where k.state = 'destroyed' and k.id = encode(substr(t.secret, 7, 16), 'hex')::uuid)
     order by 1, 2`,
  );
  return rows;
}

test('the ledger is written before anything is destroyed, once, and repeats the shred in an older copy', async () => {
  const { rows: before } = await world.platform.query(
    'select id, wrapped from app.key where person_id = $1',
    [person],
  );
  const { context, plan } = await planned();
  const failing = { ...context, openWriter: () => Promise.reject(new Error('no connection')) };
  await expect(
    applyPlan(
      { ...failing, openWriter: firstly(3, () => context.openWriter(), failing.openWriter) },
      keyShred,
      plan.id,
    ),
  ).rejects.toThrow();
  expect(await keysOf(person)).toEqual([{ bytes: before[0].wrapped.length, state: 'active' }]);
  await applyPlan(context, keyShred, plan.id);
  const { rows: entries } = await world.state.pool.query('select kind, detail, source from postern.erasure');
  expect(entries).toEqual([
    { kind: 'key-shred', source: 'platform', detail: { keyring: 'app.key', keys: [before[0].id] } },
  ]);
  // As a restored backup has it.
  await world.platform.query(`update app.key set wrapped = $2, state = 'active' where id = $1`, [
    before[0].id,
    before[0].wrapped,
  ]);
  const replayer = shredReplayer(() => context.map());
  const replay = () =>
    withConnection({ url: world.platformUrl, role: 'restored database' }, (client) =>
      replayer.replay(client, entries),
    );
  expect(await replay()).toEqual({ replayed: 1, rows: 1 });
  expect(await keysOf(person)).toEqual([{ bytes: 0, state: 'destroyed' }]);
  expect(await replay()).toEqual({ replayed: 1, rows: 0 });
  await world.platform.query('alter table app.key rename to elsewhere');
  expect(await replay()).toEqual({ replayed: 1, rows: 0 });
});

test('the longest lock of a copy of the wrapped keys is told, and no copy that was pruned counts', async () => {
  await world.state.pool.query(`
    insert into postern.backup_set (set_id, profile, started_at, finished_at, state, manifest_sha256)
      select 's' || n, 'test', now(), now(), 'complete', repeat('0', 64) from generate_series(1, 4) n;
    insert into postern.backup_copy (set_id, destination, location, is_required, state, finished_at, keyring_lock_until, keyring_pruned_at)
      values ('s1', 'offsite', 'file:///a', true, 'complete', now(), '2030-01-01T00:00:00Z', null),
             ('s2', 'second', 'file:///b', true, 'complete', now(), '2031-02-03T04:05:06Z', null),
             ('s3', 'offsite', 'file:///a', true, 'complete', now(), '2040-01-01T00:00:00Z', now()),
             ('s4', 'offsite', 'file:///a', true, 'complete', now(), null, null)`);
  const { horizon } = await planned();
  expect(horizon).toEqual({
    until: '2031-02-03T04:05:06.000Z',
    because: { setId: 's2', destination: 'second' },
    unlocked: 1,
  });
});

test('a subject without a key, or one whose key is gone, is told', async () => {
  await expect(planned({ subject: '00000000-0000-4000-8000-000000000000' })).rejects.toMatchObject({
    code: 'subject-without-key',
    exitCode: 2,
  });
  const { context, plan } = await planned();
  await applyPlan(context, keyShred, plan.id);
  await expect(planned()).rejects.toMatchObject({ code: 'subject-without-key' });
});

test('a version that was made after the plan makes it stale', async () => {
  const { context, plan } = await planned();
  await world.platform.query(
    `insert into app.key select gen_random_uuid(), person_id, 2, 'pre-active', kek, wrapped, region from app.key where person_id = $1`,
    [person],
  );
  await expect(applyPlan(context, keyShred, plan.id)).rejects.toMatchObject({
    code: 'plan-stale',
    exitCode: 6,
  });
});

/** The first `count` calls go to one function, later ones to another. */
function firstly<T>(count: number, first: () => Promise<T>, then: () => Promise<T>): () => Promise<T> {
  let calls = 0;
  return () => {
    calls += 1;
    return calls <= count ? first() : then();
  };
}
