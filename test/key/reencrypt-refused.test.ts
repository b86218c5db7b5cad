import { afterAll, beforeAll, expect, test } from 'vitest';
import { planReencrypt, type ReencryptOptions } from '../../src/lib/key/reencrypt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld({ persons: 2, tokensEach: 2 });
});
afterAll(() => world.close());

const options: ReencryptOptions = {
  keyring: undefined,
  keys: 'new',
  kek: null,
  batchSize: 10,
  workers: 1,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
  writerCacheSeconds: 0,
};

async function planAfter(change: string, undo: string, own: Partial<ReencryptOptions> = {}) {
  await world.platform.query(change);
  try {
    return await planReencrypt(await world.context(), { ...options, ...own });
  } finally {
    await world.platform.query(undo);
  }
}

test.each([
  [
    'column-not-bytea',
    2,
    'alter table app.token add plain text, alter secret type text using encode(secret, $$hex$$)',
    'alter table app.token drop plain, alter secret type bytea using decode(secret, $$hex$$)',
  ],
  [
    'table-without-key',
    2,
    'alter table app.token drop constraint token_pkey',
    'alter table app.token add primary key (person_id, name)',
  ],
  [
    'column-missing',
    2,
    'alter table app.token rename secret to hidden',
    'alter table app.token rename hidden to secret',
  ],
  ['table-missing', 2, 'alter table app.key rename to keys', 'alter table app.keys rename to key'],
])('%s is told before anything is planned', async (code, exitCode, change, undo) => {
  await expect(planAfter(change, undo)).rejects.toMatchObject({ code, exitCode });
});

test('a keyring that the map does not have is told, with those that it has', async () => {
  await expect(planAfter('select', 'select', { keyring: 'app.keys' })).rejects.toMatchObject({
    code: 'keyring-missing',
    hints: ['the map has app.key'],
  });
});

test('a trigger on the column is told in a warning, one on another column is not', async () => {
  const { warnings } = await planAfter(
    `create function app.note() returns trigger language plpgsql as 'begin return new; end';
     create trigger noted after update of secret on app.token for each row execute function app.note();
     create trigger renamed after update of name on app.token for each row execute function app.note();
     create trigger added after insert on app.token for each row execute function app.note()`,
    'drop function app.note cascade',
  );
  expect(warnings).toEqual(['every value written to app.token.secret sets off the trigger noted']);
});

test('a login that may not write is refused with every right that it misses', async () => {
  const role = `walker_${process.pid}`;
  await world.platform.query(
    `create role ${role} login password 'x'; grant usage on schema app to ${role};
     grant select on all tables in schema app to ${role}; grant update (state) on app.key to ${role}`,
  );
  const url = new URL(world.platformUrl);
  url.username = role;
  url.password = 'x';
  const context = await world.context({ openWriter: () => openPlatformForChange(url.toString()) });
  try {
    await expect(planReencrypt(context, options)).rejects.toMatchObject({
      code: 'role-cannot-write',
      exitCode: 6,
      message:
        'the login of platform.write_url misses INSERT on app.key, UPDATE (secret) on app.token, UPDATE (key_id) on app.token',
    });
  } finally {
    await world.platform.query(`drop owned by ${role}; drop role ${role}`);
  }
});
