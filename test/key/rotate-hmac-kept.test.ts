import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { takeCensus } from '../../src/lib/key/census/index.ts';
import { rotateHmac } from '../../src/lib/key/hmac/index.ts';
import { listQuarantine } from '../../src/lib/key/reencrypt/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { finishing, hmacRuns } from '../support/hmac-runs.ts';
import { type HmacWorld, hmacWorld } from '../support/hmac-world.ts';

// What cannot be hashed, or does not keep its hash, and that nothing is called done before it does.

let world: HmacWorld;
beforeEach(async () => {
  world = await hmacWorld();
});
afterEach(() => world.close());
const { planned, run } = hmacRuns(() => world);

test('what does not open, or is no text, stays as it is, in quarantine, and nothing is made active before that is mended', async () => {
  const { rows } = await world.platform.query(
    'select person_id, name, secret from app.token order by 1, 2 limit 2',
  );
  const [first, second] = rows;
  await world.platform.query('update app.token set secret = $3 where person_id = $1 and name = $2', [
    first.person_id,
    first.name,
    second.secret,
  ]);
  const { context, plan } = await planned();
  if (plan === undefined) throw new Error('nothing to do');
  await expect(applyPlan(context, rotateHmac, plan.id)).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringContaining('1 row of app.token.secret_even (column-value-moved)'),
  });
  expect(await world.versions()).toContainEqual({ version: 2, state: 'pre-active' });
  const { values } = await listQuarantine(world.state.pool, context.profile, 10);
  expect(values).toEqual([
    expect.objectContaining({ table: 'app.token', column: 'secret_even', reason: 'column-value-moved' }),
  ]);
  await world.platform.query('update app.token set secret = $3 where person_id = $1 and name = $2', [
    first.person_id,
    first.name,
    first.secret,
  ]);
  await applyPlan(context, rotateHmac, plan.id);
  expect((await listQuarantine(world.state.pool, context.profile, 10)).total).toBe(0);
  expect(await world.wrong()).toEqual([]);
});

test('a value that was shredded has no hash any more, and nobody waits for one', async () => {
  const { rows } = await world.platform.query(
    `update app.key set state = 'destroyed', wrapped = '' where id = (select id from app.key order by id limit 1)
     returning person_id`,
  );
  await run();
  expect(await world.counts()).toMatchObject({ secret_odd: 12, secret_even: 8 });
  const left = await world.platform.query('select secret_even from app.token where person_id = $1', [
    rows[0]?.person_id,
  ]);
  expect(left.rows).toEqual(Array.from({ length: 4 }, () => ({ secret_even: null })));
  const context = await world.hmacContext();
  const db = await context.openReader();
  const census = { columns: 'declared', progress: silentProgress, signal: context.signal } as const;
  const { findings } = await takeCensus(db, await context.map(), census);
  await db.end();
  expect(findings.filter(({ code }) => code === 'hash-missing')).toEqual([]);
  await run(finishing);
  expect(await world.counts()).toMatchObject({ secret_odd: 0, secret_even: 8 });
});

test('two values that are one to the normalisation are told where a unique index has room for one', async () => {
  await world.platform.query(
    `alter table app.account drop constraint account_email_odd_key;
     update app.account set email = (select upper(email) from app.account where id = 1) where id = 2`,
  );
  const { context, plan } = await planned();
  if (plan === undefined) throw new Error('nothing to do');
  await expect(applyPlan(context, rotateHmac, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const { values } = await listQuarantine(world.state.pool, context.profile, 10);
  expect(values).toEqual([expect.objectContaining({ column: 'email_even', reason: 'hash-not-unique' })]);
  expect(await world.counts()).toMatchObject({ email_even: 29, secret_even: 12 });
});

test('an application that writes without the column of the new version is found out before that becomes active', async () => {
  await world.platform.query(
    `create function app.forget() returns trigger language plpgsql as $$ begin new.email_even := null; return new; end $$;
     create trigger forgetful before update of email_even on app.account for each row when (new.id = 3) execute function app.forget()`,
  );
  const { context, plan } = await planned();
  if (plan === undefined) throw new Error('nothing to do');
  await expect(applyPlan(context, rotateHmac, plan.id)).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringContaining('1 row of app.account has email, and no hash in email_even'),
  });
  expect(await world.versions()).toContainEqual({ version: 2, state: 'pre-active' });
  await world.platform.query('drop function app.forget cascade');
  await applyPlan(context, rotateHmac, plan.id);
  expect(await world.wrong()).toEqual([]);
});

test.each(['before', 'after'])(
  'hashes that a trigger %s the update puts back are in quarantine, and no version becomes active by them',
  async (when) => {
    const again = 'update app.account set email_even = old.email_even where id = old.id';
    await world.platform.query(`
      create function app.meddle() returns trigger language plpgsql as $f$ begin
        ${when === 'before' ? 'new.email_even = old.email_even;' : `if new.email_even is distinct from old.email_even and pg_trigger_depth() = 1 then ${again}; end if;`}
        return new; end $f$;
      create trigger meddling ${when} update on app.account for each row execute function app.meddle()`);
    await expect(run()).rejects.toMatchObject({ exitCode: 7 });
    const { values } = await listQuarantine(world.state.pool, 'test', 100);
    expect(new Set(values.map(({ reason }) => reason))).toEqual(new Set(['value-not-kept']));
    expect(await world.versions()).toEqual([
      { version: 1, state: 'active' },
      { version: 2, state: 'pre-active' },
    ]);
    await world.platform.query('drop function app.meddle cascade');
    await run();
    expect(await world.wrong()).toEqual([]);
  },
);

test.each(['active', 'drained'])('a keyring that does not keep a version %s ends the plan', async (state) => {
  if (state === 'drained') await run();
  await world.platform.query(`
    create function app.meddle() returns trigger language plpgsql as $f$ begin
      if new.state = '${state}' then new.state = old.state; end if; return new; end $f$;
    create trigger meddling before update on app.index_key for each row execute function app.meddle()`);
  const before = await world.versions();
  await expect(run(state === 'drained' ? finishing : {})).rejects.toMatchObject({
    exitCode: 6,
    code: 'keyring-not-kept',
  });
  expect((await world.versions()).slice(0, before.length)).toEqual(before);
});
