import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AdoptContext, type AdoptOptions, planAdopt } from '../../src/lib/key/adopt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { type AdoptWorld, adoptMap, adoptWorld } from '../support/adopt-world.ts';

let world: AdoptWorld;
beforeAll(async () => {
  world = await adoptWorld({ rows: 3 });
});
afterAll(() => world.close());

const options: AdoptOptions = {
  name: { table: 'app.account', column: 'legacy' },
  mode: 'copy',
  makeKeys: null,
  windowSeconds: null,
  batchSize: 10,
  workers: 1,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
};

async function planAfter(
  change: string,
  undo: string,
  own: Partial<AdoptOptions> = {},
  with_: Partial<AdoptContext> = {},
) {
  await world.platform.query(change);
  try {
    return await planAdopt(await world.adoptContext(with_), { ...options, ...own });
  } finally {
    await world.platform.query(undo);
  }
}

test.each([
  [
    'column-not-bytea',
    'alter table app.account alter sealed type text using null',
    'alter table app.account alter sealed type bytea using null',
  ],
  [
    'table-without-key',
    'alter table app.account drop constraint account_pkey',
    'alter table app.account add primary key (id)',
  ],
  [
    'column-missing',
    'alter table app.account rename legacy to hidden',
    'alter table app.account rename hidden to legacy',
  ],
  [
    'adopt-source-type',
    'alter table app.account alter legacy type jsonb using to_jsonb(legacy)',
    `alter table app.account alter legacy type text using legacy #>> '{}'`,
  ],
  [
    'column-not-null',
    'begin; update app.account set sealed = $$x$$; alter table app.account alter sealed set not null; commit',
    'alter table app.account alter sealed drop not null; update app.account set sealed = null',
  ],
])('%s is told before anything is planned', async (code, change, undo) => {
  await expect(planAfter(change, undo)).rejects.toMatchObject({ code, exitCode: 2 });
});

test('a column that the map does not name, and one that takes its values from nowhere, are told apart', async () => {
  const name = { table: 'app.account', column: 'note' };
  await expect(planAfter('select', 'select', { name })).rejects.toMatchObject({ code: 'adopt-unknown' });
  const map = await adoptMap('format: postern');
  const own = { name: { table: 'app.account', column: 'sealed' } };
  const planned = planAfter('select', 'select', own, { map: () => Promise.resolve(map) });
  await expect(planned).rejects.toMatchObject({
    code: 'adopt-no-source',
    hints: expect.arrayContaining([expect.stringContaining('--in-place')]),
  });
});

test('a column in clear that must not be NULL cannot be emptied, and is adopted all the same', async () => {
  const change = 'alter table app.account alter legacy set not null';
  const undo = 'alter table app.account alter legacy drop not null';
  expect((await planAfter(change, undo)).plan).toBeDefined();
  await expect(planAfter(change, undo, { mode: 'finish', windowSeconds: 0 })).rejects.toMatchObject({
    code: 'column-not-null',
    exitCode: 2,
  });
});

test('a column in clear that is hashed is not emptied before the map says what the hashes are of', async () => {
  const hashed = (of: string) => (text: string) =>
    text.replace(
      '      sealed:\n',
      `      legacy_odd: {type: bytea, hmac: {of: ${of}, key: app.index_key.wrapped, versions: odd}, erase: set-null}
      legacy_even: {type: bytea, hmac: {of: ${of}, key: app.index_key.wrapped, versions: even}, erase: set-null}
      sealed:
`,
    );
  const finish = async (of: string) => {
    const map = await adoptMap('from: legacy', hashed(of));
    const own = { mode: 'finish', windowSeconds: 0 } as const;
    return planAfter('select', 'select', own, { map: () => Promise.resolve(map) });
  };
  await expect(finish('legacy')).rejects.toMatchObject({ code: 'adopt-hashed', exitCode: 2 });
  await expect(finish('sealed')).rejects.toMatchObject({ code: 'adopt-not-done' });
});

test('no first key is made in a keyring with columns that nobody knows a value for', async () => {
  const own = { makeKeys: world.kek };
  const planned = planAfter(
    'alter table app.key alter region drop default',
    `alter table app.key alter region set default 'eu'`,
    own,
  );
  await expect(planned).rejects.toMatchObject({ code: 'keyring-columns', exitCode: 2 });
  expect((await planAfter('select', 'select', own)).inputs.forecast.newKeys).toBe(0);
});

test('whoever has a key is known in a keyring whose column is called subject', async () => {
  const map = await adoptMap('from: legacy', (text) =>
    text.replace('subject: person_id', 'subject: subject'),
  );
  const { inputs } = await planAfter(
    'alter table app.key rename person_id to subject; create table app.kept as table app.key; delete from app.key where subject = (select person_id from app.account where id = 0)',
    'insert into app.key select * from app.kept on conflict do nothing; drop table app.kept; alter table app.key rename subject to person_id',
    { makeKeys: world.kek },
    { map: () => Promise.resolve({ ...map, keyrings: keyringsWithoutContext(map) }) },
  );
  expect(inputs.forecast.newKeys).toBe(1);
});

const keyringsWithoutContext = ({ keyrings = {} }: Awaited<ReturnType<typeof adoptMap>>) =>
  Object.fromEntries(Object.entries(keyrings).map(([name, entry]) => [name, { ...entry, context: {} }]));

test('triggers that the walk sets off are told in warnings, by the column that is written', async () => {
  const change = `
    create function app.note() returns trigger language plpgsql as 'begin return new; end';
    create trigger sealed after update of sealed on app.account for each row execute function app.note();
    create trigger emptied after update of legacy on app.account for each row execute function app.note()`;
  const undo = 'drop function app.note cascade';
  expect((await planAfter(change, undo)).warnings).toEqual([
    'every value written to app.account.sealed sets off the trigger sealed',
  ]);
});

test('a login that may not write is refused with every right that it misses', async () => {
  const role = `adopter_${process.pid}`;
  await world.platform.query(
    `create role ${role} login password 'x'; grant usage on schema app to ${role};
     grant select on all tables in schema app to ${role}; grant update (sealed_key) on app.account to ${role}`,
  );
  const url = new URL(world.platformUrl);
  url.username = role;
  url.password = 'x';
  const context = await world.adoptContext({ openWriter: () => openPlatformForChange(url.toString()) });
  try {
    await expect(planAdopt(context, { ...options, makeKeys: world.kek })).rejects.toMatchObject({
      code: 'role-cannot-write',
      exitCode: 6,
      message: 'the login of platform.write_url misses INSERT on app.key, UPDATE (sealed) on app.account',
    });
  } finally {
    await world.platform.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test('a passphrase that is missing is told before anything is planned', async () => {
  const map = await adoptMap('from: legacy_pgp, from_format: pgcrypto');
  const missing = new Error('no passphrase');
  const planned = planAfter(
    'select',
    'select',
    {},
    {
      map: () => Promise.resolve(map),
      pgcryptoPassphrase: () => Promise.reject(missing),
    },
  );
  await expect(planned).rejects.toMatchObject({ code: 'adopt-unknown' });
  const own = { name: { table: 'app.account', column: 'legacy_pgp' } };
  await expect(
    planAfter('select', 'select', own, {
      map: () => Promise.resolve(map),
      pgcryptoPassphrase: () => Promise.reject(missing),
    }),
  ).rejects.toBe(missing);
});
