import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type AdoptContext,
  type AdoptOptions,
  keyAdopt,
  keyAdoptFinish,
  planAdopt,
} from '../../src/lib/key/adopt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type AdoptWorld, adoptWorld } from '../support/adopt-world.ts';

let world: AdoptWorld;
beforeEach(async () => {
  world = await adoptWorld({ rows: 20 });
});
afterEach(() => world.close());

const options: AdoptOptions = {
  name: { table: 'app.account', column: 'sealed' },
  mode: 'copy',
  makeKeys: null,
  windowSeconds: null,
  batchSize: 7,
  workers: 2,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
};

const finishing = { mode: 'finish', windowSeconds: 0 } as const;

async function run(own: Partial<AdoptOptions> = {}, with_: Partial<AdoptContext> = {}) {
  const context = await world.adoptContext(with_);
  const { plan } = await planAdopt(context, { ...options, ...own });
  if (plan === undefined) throw new Error('nothing to do');
  await savePlan(context, plan);
  const kind = plan.body.kind === 'key.adopt' ? keyAdopt : keyAdoptFinish;
  return { plan, applied: await applyPlan(context, kind, plan.id) };
}

const inClear = async () => {
  const { rows } = await world.platform.query('select count(legacy)::int as values from app.account');
  return rows[0]?.values;
};

test('the column in clear is emptied, every value opens as before, and the certificate says what is left', async () => {
  await run();
  const { applied } = await run(finishing);
  expect(await inClear()).toBe(0);
  expect(await world.readSealed()).toEqual(world.legacy);
  const { rows } = await world.state.pool.query('select envelope from postern.certificate where id = $1', [
    applied.certificateId,
  ]);
  const statement = JSON.parse(Buffer.from(JSON.parse(rows[0]?.envelope).payload, 'base64').toString());
  expect(statement).toMatchObject({
    predicateType: 'urn:postern:predicate:key-adopt-finish:v1',
    predicate: {
      mode: 'finish',
      source: 'legacy',
      forecast: { values: 20 },
      actual: { values: 20, late: 0 },
    },
  });
  expect(statement.predicate.remains.join(' ')).toMatch(/VACUUM.*backups/s);
});

test('nothing is emptied before the values were adopted, nor before the window is over', async () => {
  await expect(run(finishing)).rejects.toMatchObject({ code: 'adopt-not-done', exitCode: 6 });
  await run();
  await expect(run({ mode: 'finish', windowSeconds: 60 })).rejects.toMatchObject({
    code: 'adopt-window',
    exitCode: 6,
  });
  const clock = { now: () => new Date(Date.now() + 61_000) };
  await run({ mode: 'finish', windowSeconds: 60 }, { clock });
  expect(await inClear()).toBe(0);
});

test('nothing at all is emptied where one value does not open to what stands in clear', async () => {
  await run();
  const other = await world.sealAccount(3, 'another');
  await world.platform.query('update app.account set sealed = $1 where id = 3', [other]);
  await world.platform.query('update app.account set sealed = null where id = 4');
  await expect(run(finishing)).rejects.toMatchObject({
    code: 'adopt-differs',
    exitCode: 6,
    message: expect.stringContaining(
      '1 value of app.account.legacy (adopt-differs), 1 value of app.account.legacy (adopt-missing)',
    ),
  });
  expect(await inClear()).toBe(20);
  await run();
  await run(finishing);
  expect(await inClear()).toBe(0);
  expect(await world.readSealed()).toEqual(world.legacy);
});

test('a value that becomes another after the check is left as it is', async () => {
  await run();
  const context = await world.adoptContext();
  const { plan } = await planAdopt(context, { ...options, ...finishing });
  if (plan === undefined) throw new Error('nothing to do');
  await savePlan(context, plan);
  let locks = 0;
  const applied = applyPlan(
    {
      ...context,
      openWriter: async () => {
        const { rows } = await world.state.pool.query(
          `select from postern.plan_journal where plan_id = $1 and event = 'done' and step = 0`,
          [plan.id],
        );
        if (rows.length === 1 && locks === 0) {
          locks += 1;
          await world.platform.query(`update app.account set legacy = 'changed' where id = 5`);
        }
        return context.openWriter();
      },
    },
    keyAdoptFinish,
    plan.id,
  );
  await expect(applied).rejects.toMatchObject({ exitCode: 7 });
  const { rows } = await world.platform.query('select id, legacy from app.account where legacy is not null');
  expect(rows).toEqual([{ id: 5, legacy: 'changed' }]);
  await run();
  await run(finishing);
  expect(await world.readSealed()).toEqual(new Map([...world.legacy, [5, 'changed']]));
});

test.each([
  ['before update', 'new.legacy = old.legacy; return new;'],
  [
    'after update',
    'if new.legacy is null and old.legacy is not null then update app.account set legacy = old.legacy where id = old.id; end if; return null;',
  ],
])('a trigger that keeps what is in clear (%s) ends with 7, and nothing is certified', async (when, body) => {
  await run();
  await world.platform.query(`
    create function app.meddle() returns trigger language plpgsql as $f$ begin ${body} end $f$;
    create trigger meddling ${when} on app.account for each row execute function app.meddle()`);
  await expect(run(finishing)).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringContaining('20 values of app.account.legacy (value-not-kept)'),
  });
  expect(await inClear()).toBe(20);
  const { rows } = await world.state.pool.query('select from postern.certificate');
  expect(rows).toHaveLength(1);
  await world.platform.query('drop function app.meddle cascade');
  await run(finishing);
  expect(await inClear()).toBe(0);
  expect(await world.readSealed()).toEqual(world.legacy);
});

test.each([
  ['before update', 'new.sealed = null; return new;'],
  [
    'after update',
    'if new.sealed is not null then update app.account set sealed = null where id = old.id; end if; return null;',
  ],
])(
  'a trigger that keeps encrypted values out (%s) ends with 7, and nothing is certified',
  async (when, body) => {
    await world.platform.query(`
    create function app.meddle() returns trigger language plpgsql as $f$ begin ${body} end $f$;
    create trigger meddling ${when} on app.account for each row execute function app.meddle()`);
    await expect(run()).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringContaining('20 values of app.account.legacy (value-not-kept)'),
    });
    expect((await world.state.pool.query('select from postern.certificate')).rows).toEqual([]);
    await world.platform.query('drop function app.meddle cascade');
    await run();
    expect(await world.readSealed()).toEqual(world.legacy);
  },
);
