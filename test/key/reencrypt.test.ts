import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  keyReencrypt,
  planReencrypt,
  type ReencryptOptions,
  reencryptOutcome,
} from '../../src/lib/key/reencrypt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';

let world: KeyWorld;
beforeEach(async () => {
  world = await keyWorld();
});
afterEach(() => world.close());

const options: ReencryptOptions = {
  keyring: undefined,
  keys: 'new',
  kek: null,
  batchSize: 7,
  workers: 2,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
  writerCacheSeconds: 0,
};

async function planned(own: Partial<ReencryptOptions> = {}) {
  const context = await world.context();
  const { plan, ...rest } = await planReencrypt(context, { ...options, ...own });
  if (plan !== undefined) await savePlan(context, plan);
  return { context, plan, ...rest };
}

async function reencrypt(own: Partial<ReencryptOptions> = {}) {
  const { context, plan, forecast } = await planned(own);
  if (plan === undefined) throw new Error('nothing to do');
  return { plan, forecast, applied: await applyPlan(context, keyReencrypt, plan.id) };
}

const keyStates = async () => {
  const { rows } = await world.platform.query(
    'select version, state, count(*)::int as keys, min(region) as region from app.key group by 1, 2 order by 1, 2',
  );
  return rows;
};

test('every value is under a new key afterwards, opens to what it was, and the old keys are drained', async () => {
  const { forecast, applied } = await reencrypt();
  expect(forecast).toMatchObject({ values: 50, newKeys: 10 });
  expect(await world.readTokens()).toEqual(world.tokens);
  expect(await keyStates()).toEqual([
    { version: 1, state: 'drained', keys: 10, region: 'eu' },
    { version: 2, state: 'active', keys: 10, region: 'eu' },
  ]);
  const { rows } = await world.platform.query(
    `select count(*)::int as old from app.token t join app.key k on k.id = t.key_id where k.version = 1`,
  );
  expect(rows).toEqual([{ old: 0 }]);
  expect(applied.certificateId).toMatch(/^[0-9a-f]{64}$/);
});

test('a second plan finds nothing to do, and one for active keys writes nothing', async () => {
  await reencrypt();
  expect((await planned({ keys: 'active' })).plan).toBeUndefined();
  const before = await world.platform.query('select secret from app.token order by 1');
  const { plan } = await planned({ keys: 'new' });
  expect(plan?.body.effects).toMatchObject({ 'data keys made': 10 });
  expect((await world.platform.query('select secret from app.token order by 1')).rows).toEqual(before.rows);
});

test('values under a key that is no longer active move to the active one, and no key is made', async () => {
  await reencrypt();
  await world.platform.query(`update app.key set state = 'decrypt-only' where version = 2`);
  await world.platform.query(`update app.key set state = 'active' where version = 1`);
  const { plan, applied } = await reencrypt({ keys: 'active' });
  expect(plan.body.steps.map(({ kind }) => kind)).toEqual(['walk', 'settle']);
  expect(applied.resumedAfter).toBe(0);
  expect(await world.readTokens()).toEqual(world.tokens);
  expect(await keyStates()).toMatchObject([
    { version: 1, state: 'active', keys: 10 },
    { version: 2, state: 'drained', keys: 10 },
  ]);
});

test('what cannot be encrypted again stays as it is, in quarantine, until it is repaired and the plan applied again', async () => {
  const names = [...world.tokens.keys()];
  const [clear = '', cut = '', later = '', moved = '', changed = '', lost = '', stranger = ''] = names;
  const at = (token: string) => token.split('/');
  const set = (token: string, expression: string) =>
    world.platform.query(
      `update app.token set secret = ${expression} where person_id = $1 and name = $2`,
      at(token),
    );
  await set(clear, `'in clear'`);
  await set(cut, `substr(secret, 1, 90)`);
  await set(later, `overlay(secret placing '\\x02' from 5)`);
  await set(moved, `(select secret from app.token t where t.person_id = token.person_id and t.name = 't4')`);
  await set(
    changed,
    `set_byte(secret, octet_length(secret) - 1, get_byte(secret, octet_length(secret) - 1) # 1)`,
  );
  await set(lost, `overlay(secret placing uuid_send(gen_random_uuid()) from 7)`);
  await set(
    stranger,
    `(select secret from app.token t where t.person_id <> token.person_id and t.name = token.name limit 1)`,
  );
  const before = await world.platform.query(
    `select secret from app.token where (person_id::text || '/' || name) = any($1) order by person_id, name`,
    [names.slice(0, 7)],
  );
  const { context, plan, ...rest } = await planned();
  if (plan === undefined) throw new Error('nothing is planned');
  await expect(applyPlan(context, keyReencrypt, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  expect((await keyStates()).find(({ state }) => state === 'drained')?.keys).toBeGreaterThan(0);
  const after = await world.platform.query(
    `select secret from app.token where (person_id::text || '/' || name) = any($1) order by person_id, name`,
    [names.slice(0, 7)],
  );
  expect(after.rows).toEqual(before.rows);
  const { rows } = await world.state.pool.query(
    `select array_to_string(row_key, '/') as token, reason from postern.key_quarantine where resolved_at is null`,
  );
  expect(Object.fromEntries(rows.map(({ token, reason }) => [token, reason]))).toEqual({
    [clear]: 'column-value-plain',
    [cut]: 'column-value-truncated',
    [later]: 'column-value-version',
    [moved]: 'column-value-moved',
    [changed]: 'column-value-moved',
    [lost]: 'key-unknown',
    [stranger]: 'key-of-another-subject',
  });
  for (const token of names.slice(0, 7)) {
    const [person = '', name = ''] = at(token);
    const value = await world.seal(person, name, world.tokens.get(token) ?? '');
    await world.platform.query(
      `update app.token set secret = $3, key_id = encode(substr($3::bytea, 7, 16), 'hex')::uuid where person_id = $1 and name = $2`,
      [person, name, value],
    );
  }
  const applied = await applyPlan(context, keyReencrypt, plan.id);
  expect(await world.readTokens()).toEqual(world.tokens);
  // Those of the first run too.
  const outcome = await reencryptOutcome(context, { plan, ...rest }, { plan, outcome: 'applied', applied });
  expect(outcome.actual).toMatchObject({ drained: 10, values: 43, shredded: 0 });
  const { rows: open } = await world.state.pool.query(
    'select from postern.key_quarantine where resolved_at is null',
  );
  expect(open).toHaveLength(0);
});
