import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyContext } from '../../src/lib/key/context.ts';
import { type HmacOptions, planHmac } from '../../src/lib/key/hmac/index.ts';
import { planKekRotation, rotateKek } from '../../src/lib/key/kek/index.ts';
import { planReencrypt } from '../../src/lib/key/reencrypt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { type HmacWorld, hmacMap, hmacWorld } from '../support/hmac-world.ts';

let world: HmacWorld;
beforeAll(async () => {
  world = await hmacWorld({ rows: 3, persons: 1, tokensEach: 1 });
});
afterAll(() => world.close());

const common = {
  kek: null,
  writerCacheSeconds: 0,
  batchSize: 10,
  workers: 1,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
};
const options: HmacOptions = { ...common, keyring: undefined, mode: 'new', windowSeconds: null };

interface Change {
  readonly sql?: readonly [change: string, undo: string];
  readonly map?: (text: string) => string;
  readonly own?: Partial<HmacOptions>;
  readonly context?: Partial<KeyContext>;
}

async function planAfter({ sql: [change, undo] = ['select', 'select'], map: edit, own, context }: Change) {
  await world.platform.query(change);
  try {
    const map = edit === undefined ? {} : { map: async () => hmacMap(edit) };
    return await planHmac(await world.hmacContext({ ...map, ...context }), { ...options, ...own });
  } finally {
    await world.platform.query(undo);
  }
}

test.each<readonly [code: string, change: Change]>([
  ['keyring-missing', { own: { keyring: 'app.other' } }],
  ['keyring-without-hashes', { own: { keyring: 'app.key' } }],
  ['keyring-missing', { map: (text) => text.replaceAll(/, hmac: \{[^}]*\}/g, '') }],
  [
    'keyring-with-subjects',
    { map: (text) => text.replace('app.index_key: {id: id,', 'app.index_key: {id: id, subject: region,') },
  ],
  [
    'keyring-shared',
    { map: (text) => text.replace('dek: app.key.wrapped, by: person,', 'dek: app.index_key.wrapped,') },
  ],
  ['hash-unpaired', { map: (text) => text.replace('versions: even, normalise', 'versions: odd, normalise') }],
  [
    'column-missing',
    { sql: ['alter table app.account rename email to mail', 'alter table app.account rename mail to email'] },
  ],
  [
    'column-missing',
    {
      sql: [
        'alter table app.account rename email_even to other',
        'alter table app.account rename other to email_even',
      ],
    },
  ],
  [
    'table-without-key',
    {
      sql: [
        'alter table app.account drop constraint account_pkey',
        'alter table app.account add primary key (id)',
      ],
    },
  ],
  [
    'column-not-null',
    {
      sql: [
        `begin; update app.account set email_even = decode(md5(id::text), 'hex');
         alter table app.account alter email_even set not null; commit`,
        'alter table app.account alter email_even drop not null; update app.account set email_even = null',
      ],
    },
  ],
  [
    'hash-column-type',
    {
      sql: [
        'alter table app.token alter secret_odd type varchar(31) using left(secret_odd, 31)',
        'alter table app.token alter secret_odd type varchar(32)',
      ],
    },
  ],
  [
    'hash-source-type',
    {
      sql: [
        'alter table app.account alter email type jsonb using to_jsonb(email)',
        `alter table app.account alter email type text using email #>> '{}'`,
      ],
    },
  ],
])('%s is told before anything is planned', async (code, change) => {
  await expect(planAfter(change)).rejects.toMatchObject({ code, exitCode: 2 });
});

test.each<readonly [code: string, change: Change]>([
  [
    'hmac-not-active',
    { sql: [`update app.index_key set state = 'drained'`, `update app.index_key set state = 'active'`] },
  ],
  [
    'hmac-several',
    {
      sql: [
        `insert into app.index_key (id, version, state, kek, wrapped)
           select gen_random_uuid(), 3, 'pre-active', kek, wrapped from app.index_key`,
        'delete from app.index_key where version = 3',
      ],
    },
  ],
  ['hmac-window', { own: { mode: 'finish', windowSeconds: 60 } }],
])('%s is a state in which nothing is planned', async (code, change) => {
  await expect(planAfter(change)).rejects.toMatchObject({ code, exitCode: 6 });
});

test('triggers that the walk sets off are told in warnings, by the column that is written', async () => {
  const { warnings } = await planAfter({
    sql: [
      `create function app.note() returns trigger language plpgsql as 'begin return new; end';
       create trigger even after update of email_even on app.account for each row execute function app.note();
       create trigger odd after update of email_odd on app.account for each row execute function app.note()`,
      'drop function app.note cascade',
    ],
  });
  expect(warnings).toEqual(['every value written to app.account.email_even sets off the trigger even']);
});

test('rows that have a hash and no value are told in a warning, since the map may not know where the values are', async () => {
  const { warnings } = await planAfter({
    sql: [
      'update app.account set email = null where id = 1',
      `update app.account set email = 'back' where id = 1`,
    ],
  });
  expect(warnings).toEqual([
    '1 row of app.account with a hash in email_odd and no email: nobody will be found by these any more',
  ]);
});

test('a login that may not write is refused with every right that it misses', async () => {
  const role = `hasher_${process.pid}`;
  await world.platform.query(
    `create role ${role} login password 'x'; grant usage on schema app to ${role};
     grant select on all tables in schema app to ${role}; grant update (email_even) on app.account to ${role}`,
  );
  const url = new URL(world.platformUrl);
  url.username = role;
  url.password = 'x';
  try {
    await expect(
      planAfter({ context: { openWriter: () => openPlatformForChange(url.toString()) } }),
    ).rejects.toMatchObject({
      code: 'role-cannot-write',
      exitCode: 6,
      message:
        'the login of platform.write_url misses INSERT on app.index_key, UPDATE (state) on app.index_key, UPDATE (secret_even) on app.token',
    });
  } finally {
    await world.platform.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test('what wraps HMAC keys is rotated where their keyring is named, and left where it is not', async () => {
  const context = await world.hmacContext();
  const kek = { to: undefined, alias: undefined, batchSize: 10, kmsRequestsPerSecond: null };
  expect((await planKekRotation(context, { ...kek, keyring: undefined })).inputs).toMatchObject({
    keyring: 'app.key',
  });
  const { plan, inputs } = await planKekRotation(context, { ...kek, keyring: 'app.index_key' });
  expect(inputs.forecast.keys).toBe(1);
  // Other tests have changed values: what matters is that the key is still the same.
  const before = await world.wrong();
  await savePlan(context, plan);
  await applyPlan(context, rotateKek, plan.id);
  const { rows } = await world.platform.query('select kek, wrapped, version from app.index_key');
  const [{ kek: by, wrapped, version }] = rows;
  world.forgetHashKeys();
  expect(await world.kms.decrypt(by, wrapped, { purpose: 'index', version: String(version) })).toHaveLength(
    32,
  );
  expect(await world.wrong()).toEqual(before);
});

test('a re-encryption leaves HMAC keys alone: unnamed it takes the data keys, and named it refuses', async () => {
  const context = await world.hmacContext();
  const reencrypt = { ...common, keys: 'new' as const };
  expect((await planReencrypt(context, { ...reencrypt, keyring: undefined })).keyring).toBe('app.key');
  await expect(planReencrypt(context, { ...reencrypt, keyring: 'app.index_key' })).rejects.toMatchObject({
    code: 'keyring-of-hmac-keys',
    exitCode: 2,
  });
});
