import { afterEach, beforeEach, expect, test } from 'vitest';
import { finishHmac, rotateHmac } from '../../src/lib/key/hmac/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { finishing, hmacRuns } from '../support/hmac-runs.ts';
import { type HmacWorld, hmacWorld } from '../support/hmac-world.ts';

let world: HmacWorld;
beforeEach(async () => {
  world = await hmacWorld();
});
afterEach(() => world.close());
const { planned, run } = hmacRuns(() => world);

async function predicateOf(certificateId: string | undefined) {
  const { rows } = await world.state.pool.query('select envelope from postern.certificate where id = $1', [
    certificateId,
  ]);
  return JSON.parse(Buffer.from(JSON.parse(rows[0]?.envelope).payload, 'base64').toString());
}

test('a new version takes over: every value is hashed beside the old hash, and the certificate says what it took', async () => {
  const { inputs, applied } = await run();
  expect(inputs.forecast).toMatchObject({ values: 42, compared: 0, newKeys: 1, kmsCalls: 5 });
  expect(await world.versions()).toEqual([
    { version: 1, state: 'decrypt-only' },
    { version: 2, state: 'active' },
  ]);
  expect(await world.wrong()).toEqual([]);
  expect(await world.counts()).toEqual({ email_odd: 30, email_even: 30, secret_odd: 12, secret_even: 12 });
  expect(await predicateOf(applied.certificateId)).toMatchObject({
    predicateType: 'urn:postern:predicate:key-rotate-hmac:v1',
    predicate: {
      mode: 'new',
      keyring: 'app.index_key',
      active: { version: 1 },
      next: { version: 2, id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      forecast: { values: 42, newKeys: 1 },
      actual: { values: 42, late: 0, moved: 0, newKeys: 1 },
    },
  });
});

test('the version before is drained and its column emptied by a second plan, and the next rotation fills that one', async () => {
  await run();
  const { applied } = await run(finishing);
  expect(await world.versions()).toEqual([
    { version: 1, state: 'drained' },
    { version: 2, state: 'active' },
  ]);
  expect(await world.counts()).toEqual({ email_odd: 0, email_even: 30, secret_odd: 0, secret_even: 12 });
  expect(await predicateOf(applied.certificateId)).toMatchObject({
    predicateType: 'urn:postern:predicate:key-rotate-hmac-finish:v1',
    predicate: { mode: 'finish', forecast: { values: 42 }, actual: { values: 42, drained: 1 } },
  });
  expect((await planned(finishing)).plan).toBeUndefined();
  await run();
  expect(await world.versions()).toEqual([
    { version: 1, state: 'drained' },
    { version: 2, state: 'decrypt-only' },
    { version: 3, state: 'active' },
  ]);
  expect(await world.wrong()).toEqual([]);
});

test('a second filling writes nothing, and one after a change of an application that does not hash writes that row', async () => {
  await run();
  const { inputs, applied } = await run({ mode: 'active' });
  expect(inputs.forecast).toMatchObject({ values: 0, compared: 42, newKeys: 0 });
  expect((await predicateOf(applied.certificateId)).predicate.actual).toMatchObject({ values: 0, late: 0 });
  await world.platform.query(`update app.account set email = 'other@example.org' where id = 3`);
  await world.platform.query('update app.account set email = null where id = 4');
  await world.platform.query('update app.account set email_even = null where id = 5');
  const repaired = await run({ mode: 'active' });
  expect((await predicateOf(repaired.applied.certificateId)).predicate.actual).toMatchObject({ values: 3 });
  const { rows } = await world.platform.query('select email_even from app.account where id = 4');
  expect(rows).toEqual([{ email_even: null }]);
  expect((await world.wrong()).filter((text) => text.endsWith('version 2'))).toEqual([]);
});

test('nothing is emptied before the window is over, nor where one hash is missing or another', async () => {
  await run();
  await expect(run({ mode: 'finish', windowSeconds: 60 })).rejects.toMatchObject({
    code: 'hmac-window',
    exitCode: 6,
    message: expect.stringContaining('the window ends at'),
  });
  await world.platform.query(`update app.account set email_even = decode('00', 'hex') where id = 3`);
  await world.platform.query('update app.account set email_even = null where id = 4');
  await expect(run(finishing)).rejects.toMatchObject({
    code: 'hash-differs',
    exitCode: 6,
    message: expect.stringContaining(
      '1 row of app.account.email_even (hash-differs), 1 row of app.account.email_even (hash-missing)',
    ),
  });
  expect(await world.counts()).toMatchObject({ email_odd: 30, secret_odd: 12 });
  expect(await world.versions()).toContainEqual({ version: 1, state: 'decrypt-only' });
  await run({ mode: 'active' });
  const clock = { now: () => new Date(Date.now() + 61_000) };
  await run({ mode: 'finish', windowSeconds: 60 }, { clock });
  expect(await world.counts()).toMatchObject({ email_odd: 0, secret_odd: 0 });
});

test('a row whose value becomes another after the check keeps its old hash, until it is set right', async () => {
  await run();
  const { context, plan } = await planned(finishing);
  if (plan === undefined) throw new Error('nothing to do');
  let changes = 0;
  const applied = applyPlan(
    {
      ...context,
      openWriter: async () => {
        const { rowCount } = await world.state.pool.query(
          `select from postern.plan_journal where plan_id = $1 and event = 'done' and step = 1`,
          [plan.id],
        );
        if (rowCount === 1 && changes === 0) {
          changes += 1;
          await world.platform.query(`update app.account set email = 'no.hash@example.org' where id = 5`);
        }
        return context.openWriter();
      },
    },
    finishHmac,
    plan.id,
  );
  await expect(applied).rejects.toMatchObject({ exitCode: 7 });
  expect(changes).toBe(1);
  const { rows } = await world.platform.query('select id from app.account where email_odd is not null');
  expect(rows).toEqual([{ id: 5 }]);
  await run({ mode: 'active' });
  await applyPlan(context, finishHmac, plan.id);
  expect(await world.counts()).toMatchObject({ email_odd: 0, email_even: 30 });
  expect(await world.wrong()).toEqual([]);
});

test('an application that goes on writing the old column is found out when that is emptied', async () => {
  await run();
  // It writes one row whenever the other was emptied, and both lie in different batches.
  const { rows } = await world.platform.query('select min(id) as first, max(id) as last from app.account');
  const [{ first, last }] = rows;
  await world.platform.query(
    `create function app.again() returns trigger language plpgsql as $$ begin
       update app.account set email_odd = old.email_odd where id = ${first} + ${last} - old.id;
       return null;
     end $$;
     create trigger again after update of email_odd on app.account for each row
       when (new.email_odd is null and old.email_odd is not null and new.id in (${first}, ${last})) execute function app.again()`,
  );
  const { context, plan } = await planned(finishing);
  if (plan === undefined) throw new Error('nothing to do');
  await expect(applyPlan(context, finishHmac, plan.id)).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringContaining('applications still write app.account.email_odd: 1 row since'),
  });
  await world.platform.query('drop function app.again cascade');
  await applyPlan(context, finishHmac, plan.id);
  expect(await world.counts()).toMatchObject({ email_odd: 0, secret_odd: 0 });
});

test('a rotation that is not finished is told before the next one is planned, and what to do', async () => {
  await run();
  await expect(run()).rejects.toMatchObject({
    code: 'hmac-unfinished',
    exitCode: 6,
    hints: [expect.stringContaining('--finish')],
  });
  await world.platform.query(`update app.index_key set state = 'drained' where version = 1`);
  await expect(run()).rejects.toMatchObject({
    code: 'hmac-unfinished',
    message: 'app.account.email_odd, the column of the next version, holds 30 hashes of another one',
  });
});

test('a version that a plan given up left behind is taken over, and its column is not emptied meanwhile', async () => {
  const failing = new Error('killed');
  let calls = 0;
  const { plan, context } = await planned();
  if (plan === undefined) throw new Error('nothing to do');
  const stopped = applyPlan(
    {
      ...context,
      openDataKey: (version) => {
        calls += 1;
        return calls > 1 ? Promise.reject(failing) : context.openDataKey(version);
      },
    },
    rotateHmac,
    plan.id,
  );
  await expect(stopped).rejects.toMatchObject({ exitCode: 7, message: expect.stringContaining('killed') });
  expect(await world.versions()).toContainEqual({ version: 2, state: 'pre-active' });
  await expect(run(finishing)).rejects.toMatchObject({ code: 'hmac-running', exitCode: 6 });
  const { inputs } = await run();
  expect(inputs.next).toMatchObject({ version: 2, id: expect.any(String) });
  expect(inputs.forecast.newKeys).toBe(0);
  expect(await world.versions()).toEqual([
    { version: 1, state: 'decrypt-only' },
    { version: 2, state: 'active' },
  ]);
  expect(await world.wrong()).toEqual([]);
  // The first plan finds its work done.
  await applyPlan(context, rotateHmac, plan.id);
  expect(await world.wrong()).toEqual([]);
});

test('a version that was given up for good keeps its number, and the next one has the parity that it needs', async () => {
  await world.platform.query(
    `insert into app.index_key (id, version, state, kek, wrapped)
     select gen_random_uuid(), 2, 'destroyed', kek, '' from app.index_key`,
  );
  await run();
  expect(await world.versions()).toContainEqual({ version: 4, state: 'active' });
  expect(await world.wrong()).toEqual([]);
});

test('the first version is made where there is none, wrapped by the key that is named, and what is there is hashed', async () => {
  await world.platform.query(
    'delete from app.index_key; update app.account set email_odd = null; update app.token set secret_odd = null',
  );
  await expect(run()).rejects.toMatchObject({ code: 'kek-unnamed', exitCode: 2 });
  await expect(run({ mode: 'active' })).rejects.toMatchObject({ code: 'hmac-not-active', exitCode: 6 });
  await expect(run(finishing)).rejects.toMatchObject({ code: 'hmac-not-active' });
  const { applied, inputs } = await run({ kek: world.kek });
  expect(inputs.forecast).toMatchObject({ values: 42, newKeys: 1 });
  expect(await world.versions()).toEqual([{ version: 1, state: 'active' }]);
  world.forgetHashKeys();
  expect(await world.wrong()).toEqual([]);
  expect((await predicateOf(applied.certificateId)).predicate).toMatchObject({
    active: null,
    next: { version: 1 },
    actual: { newKeys: 1, values: 42 },
  });
  await run();
  expect(await world.versions()).toContainEqual({ version: 2, state: 'active' });
  expect(await world.wrong()).toEqual([]);
});

test('a first version is not made over hashes of unknown origin, nor in a keyring with columns that nobody knows', async () => {
  await world.platform.query('delete from app.index_key');
  await expect(run({ kek: world.kek })).rejects.toMatchObject({
    code: 'hmac-unfinished',
    hints: ['if nobody looks up by them, empty the column'],
  });
  await world.platform.query('alter table app.index_key alter region drop default');
  await expect(run({ kek: world.kek })).rejects.toMatchObject({ code: 'keyring-columns', exitCode: 2 });
});

test('a plan that others went on without is not resumed over their work', async () => {
  await run();
  const finish = await planned(finishing);
  const rotation = finish.plan;
  if (rotation === undefined) throw new Error('nothing to do');
  const stopped = applyPlan(
    {
      ...finish.context,
      openWriter: async () => {
        const { rowCount } = await world.state.pool.query(
          `select from postern.plan_journal where plan_id = $1 and event = 'done' and step = 3`,
          [rotation.id],
        );
        // The old version is drained, and its column not emptied yet.
        if (rowCount === 1) throw new Error('killed');
        return finish.context.openWriter();
      },
    },
    finishHmac,
    rotation.id,
  );
  await expect(stopped).rejects.toThrow();
  await world.platform.query('update app.account set email_odd = null');
  await world.platform.query('update app.token set secret_odd = null');
  await run();
  expect(await world.versions()).toContainEqual({ version: 3, state: 'active' });
  await expect(applyPlan(finish.context, finishHmac, rotation.id)).rejects.toMatchObject({
    code: 'hmac-stale',
    exitCode: 6,
  });
  expect(await world.wrong()).toEqual([]);
});
