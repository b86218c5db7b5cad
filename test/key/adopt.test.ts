import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AdoptContext, type AdoptOptions, keyAdopt, planAdopt } from '../../src/lib/key/adopt/index.ts';
import { listQuarantine } from '../../src/lib/key/reencrypt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type AdoptWorld, adoptMap, adoptWorld } from '../support/adopt-world.ts';

let world: AdoptWorld;
beforeEach(async () => {
  world = await adoptWorld();
});
afterEach(() => world.close());

const options: AdoptOptions = {
  name: { table: 'app.account', column: 'legacy' },
  mode: 'copy',
  makeKeys: null,
  windowSeconds: null,
  batchSize: 7,
  workers: 2,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
};

async function planned(own: Partial<AdoptOptions> = {}, with_: Partial<AdoptContext> = {}) {
  const context = await world.adoptContext(with_);
  const { plan, inputs, ...rest } = await planAdopt(context, { ...options, ...own });
  if (plan !== undefined) await savePlan(context, plan);
  return { context, plan, forecast: inputs.forecast, ...rest };
}

async function adopt(own: Partial<AdoptOptions> = {}, with_: Partial<AdoptContext> = {}) {
  const { context, plan, forecast } = await planned(own, with_);
  if (plan === undefined) throw new Error('nothing to do');
  return { plan, forecast, applied: await applyPlan(context, keyAdopt, plan.id) };
}

const written = async (planId: string) => {
  const { rows } = await world.state.pool.query(
    `select coalesce(sum((detail ->> 'written')::int), 0)::int as written from postern.plan_journal
     where plan_id = $1 and event = 'done'`,
    [planId],
  );
  return rows[0]?.written;
};

test('every value is encrypted beside the one in clear, opens to the same, and the one in clear stays', async () => {
  const { forecast, applied, plan } = await adopt();
  expect(forecast).toMatchObject({ values: 50, compared: 0, newKeys: 0, kmsCalls: 5 });
  expect(await world.readSealed()).toEqual(world.legacy);
  const { rows } = await world.platform.query('select id, legacy from app.account');
  expect(new Map(rows.map(({ id, legacy }) => [id, legacy]))).toEqual(world.legacy);
  expect(applied.certificateId).toMatch(/^[0-9a-f]{64}$/);
  expect(await written(plan.id)).toBe(50);
});

/** A statement with its parameters, bytes as text. */
function textOf(given: unknown): string {
  if (Buffer.isBuffer(given)) return given.toString();
  if (typeof given === 'object' && given !== null) return Object.values(given).map(textOf).join(' ');
  return String(given);
}

test('no value in clear stands in a statement that a server may log', async () => {
  const [first = ''] = world.legacy.values();
  const statements: string[] = [];
  const context = await world.adoptContext();
  await adopt(
    {},
    {
      openWriter: async () => {
        const db = await context.openWriter();
        const query = db.query.bind(db) as (...given: unknown[]) => unknown;
        db.query = ((...given: unknown[]) => {
          statements.push(textOf(given));
          return query(...given);
        }) as typeof db.query;
        return db;
      },
    },
  );
  expect(statements.some((text) => text.includes('set "sealed" = n.value'))).toBe(true);
  expect(statements.filter((text) => text.includes(first))).toEqual([]);
});

test('a second run compares all, and writes nothing', async () => {
  await adopt();
  const { plan, forecast } = await adopt();
  expect(forecast).toMatchObject({ values: 0, compared: 50 });
  expect(await written(plan.id)).toBe(0);
});

test('a value in clear that changed after it was encrypted is encrypted again', async () => {
  await adopt();
  await world.platform.query(`update app.account set legacy = 'changed' where id = 3`);
  const { plan } = await adopt();
  expect(await written(plan.id)).toBe(1);
  expect(await world.readSealed()).toEqual(new Map([...world.legacy, [3, 'changed']]));
});

test('rows without a value in clear are left as they are', async () => {
  const value = await world.sealAccount(4, 'of the application alone');
  await world.platform.query(
    `update app.account set legacy = null, sealed = $1, sealed_key = encode(substr($1::bytea, 7, 16), 'hex')::uuid where id = 4`,
    [value],
  );
  await world.platform.query('update app.account set legacy = null where id = 5');
  await adopt();
  const expected = new Map([...world.legacy, [4, 'of the application alone']]);
  expected.delete(5);
  expect(await world.readSealed()).toEqual(expected);
});

test('what does not open, or has no key, stays as it is, in quarantine, until it is repaired and the plan applied again', async () => {
  const stranger = await world.sealAccount(1, 'of another row');
  await world.platform.query('update app.account set person_id = null where id = 7');
  await world.platform.query(`update app.account set sealed = $1 where id = 8`, [stranger]);
  await world.platform.query(`update app.account set sealed = 'in clear' where id = 9`);
  await world.platform.query(`update app.key set state = 'disabled' where person_id = $1`, [
    world.persons[1],
  ]);
  const { context, plan } = await planned();
  if (plan === undefined) throw new Error('nothing is planned');
  await expect(applyPlan(context, keyAdopt, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const { values } = await listQuarantine(world.state.pool, context.profile, 100);
  expect(values.map(({ column }) => column)).toContain('legacy');
  const reasons = Object.fromEntries(values.map(({ key, reason }) => [key[0], reason]));
  expect(reasons).toMatchObject({
    1: 'key-not-active',
    7: 'subject-missing',
    8: 'key-of-another-subject',
    9: 'column-value-plain',
  });
  const { rows } = await world.platform.query(
    'select sealed from app.account where id in (8, 9) order by id',
  );
  expect(rows).toEqual([{ sealed: stranger }, { sealed: Buffer.from('in clear') }]);

  await world.platform.query(`update app.key set state = 'active'`);
  await world.platform.query('update app.account set person_id = $1 where id = 7', [world.persons[2]]);
  await world.platform.query('update app.account set sealed = null where id in (8, 9)');
  await applyPlan(context, keyAdopt, plan.id);
  expect(await world.readSealed()).toEqual(world.legacy);
  expect((await listQuarantine(world.state.pool, context.profile, 100)).total).toBe(0);
});

test('subjects that have no key get one where that is asked for, and those whose keys were destroyed do not', async () => {
  const [none = '', destroyed = ''] = world.persons;
  await world.platform.query('delete from app.key where person_id = $1', [none]);
  await world.platform.query(`update app.key set state = 'destroyed' where person_id = $1`, [destroyed]);
  const { context, plan, forecast } = await planned({ makeKeys: world.kek });
  if (plan === undefined) throw new Error('nothing is planned');
  expect(forecast).toMatchObject({ newKeys: 1 });
  await expect(applyPlan(context, keyAdopt, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const { rows } = await world.platform.query(
    'select person_id::text as person, version, state, kek, region from app.key where person_id = any($1) order by state',
    [[none, destroyed]],
  );
  expect(rows).toEqual([
    { person: none, version: 1, state: 'active', kek: world.kek, region: 'eu' },
    expect.objectContaining({ person: destroyed, state: 'destroyed' }),
  ]);
  const sealed = await world.readSealed();
  expect(sealed.size).toBe(40);
  for (const [id, value] of sealed) expect(value).toBe(world.legacy.get(id));
});

test('in place, values in clear are encrypted where they stand, and encrypted ones stay byte for byte', async () => {
  await adopt();
  const before = await world.platform.query('select id, sealed from app.account where id > 2 order by id');
  await world.platform.query(
    `update app.account set sealed = convert_to(legacy, 'UTF8'), sealed_key = null where id <= 2`,
  );
  const { plan, forecast } = await adopt({
    name: { table: 'app.account', column: 'sealed' },
    mode: 'in-place',
  });
  expect(forecast).toMatchObject({ values: 3 });
  expect(await written(plan.id)).toBe(3);
  expect(await world.readSealed()).toEqual(world.legacy);
  const after = await world.platform.query('select id, sealed from app.account where id > 2 order by id');
  expect(after.rows).toEqual(before.rows);
  expect(
    (await planned({ name: { table: 'app.account', column: 'sealed' }, mode: 'in-place' })).plan,
  ).toBeUndefined();
});

test('in place, a value that was encrypted meanwhile and then shredded is in quarantine no longer', async () => {
  await adopt();
  const {
    rows: [row],
  } = await world.platform.query('select id, sealed, person_id from app.account order by id limit 1');
  const keys = (state: string) =>
    world.platform.query('update app.key set state = $2 where person_id = $1', [row.person_id, state]);
  await world.platform.query(
    `update app.account set sealed = convert_to(legacy, 'UTF8'), sealed_key = null where id = $1`,
    [row.id],
  );
  await keys('disabled');
  const { context, plan } = await planned({
    name: { table: 'app.account', column: 'sealed' },
    mode: 'in-place',
  });
  await expect(applyPlan(context, keyAdopt, plan?.id ?? '')).rejects.toMatchObject({ exitCode: 7 });
  const inQuarantine = async () => (await listQuarantine(world.state.pool, context.profile, 10)).total;
  expect(await inQuarantine()).toBe(1);
  await world.platform.query('update app.account set sealed = $2 where id = $1', [row.id, row.sealed]);
  await keys('destroyed');
  await applyPlan(context, keyAdopt, plan?.id ?? '');
  expect(await inQuarantine()).toBe(0);
});

test('values of pgcrypto are opened outside the database, and what does not open is in quarantine', async () => {
  await world.platform.query('create extension pgcrypto schema public');
  await world.platform.query(
    `update app.account set legacy_pgp = case id when 0 then 'no message' when 1 then public.pgp_sym_encrypt(legacy, 'other')
       when 2 then public.pgp_sym_encrypt(legacy, 'correct horse', 'cipher-algo=aes256, compress-algo=1')
       else public.pgp_sym_encrypt(legacy, 'correct horse') end`,
  );
  const map = await adoptMap('from: legacy_pgp, from_format: pgcrypto');
  const { context, plan } = await planned(
    { name: { table: 'app.account', column: 'legacy_pgp' } },
    { map: () => Promise.resolve(map) },
  );
  if (plan === undefined) throw new Error('nothing is planned');
  await expect(applyPlan(context, keyAdopt, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const { values } = await listQuarantine(world.state.pool, context.profile, 100);
  expect(Object.fromEntries(values.map(({ key, reason }) => [key[0], reason]))).toEqual({
    0: 'pgcrypto-no-message',
    1: 'pgcrypto-not-opened',
  });
  const expected = new Map(world.legacy);
  expected.delete(0);
  expected.delete(1);
  expect(await world.readSealed()).toEqual(expected);
});

test('rows of a partitioned table are adopted and read in the partition where they are', async () => {
  await world.platform.query(
    `alter table app.account rename to whole;
     create table app.account (like app.whole including all) partition by range (id);
     create table app.low partition of app.account for values from (0) to (20);
     create table app.high (sealed bytea, sealed_key uuid, touched int not null default 0, legacy text, legacy_pgp bytea, person_id uuid, id int not null);
     alter table app.account attach partition app.high for values from (20) to (1000);
     insert into app.account select * from app.whole; drop table app.whole`,
  );
  await adopt();
  expect(await world.readSealed()).toEqual(world.legacy);
});
