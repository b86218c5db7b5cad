import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { takeCensus } from '../../../src/lib/key/census/index.ts';
import type { RegisterContext } from '../../../src/lib/key/register/context.ts';
import { type HmacWorld, hmacWorld } from '../../support/hmac-world.ts';
import { codesOf, inDays, listKeys } from './support.ts';

let world: HmacWorld;
let sources: Partial<RegisterContext>;
beforeAll(async () => {
  world = await hmacWorld({ rows: 10, persons: 2, tokensEach: 2 });
  const context = await world.hmacContext();
  sources = {
    profile: context.profile,
    state: () => Promise.resolve(world.state.pool),
    platform: { open: () => context.openReader(), map: () => context.map() },
  };
});
afterAll(() => world.close());

async function rows(own: Partial<RegisterContext> = {}) {
  const { keys } = await listKeys({ ...sources, ...own }, { census: 'taken' });
  return new Map(keys.filter(({ kind }) => kind === 'hmac').map((key) => [key.state, key]));
}

/** Another version in this state, whose turn the empty columns are. */
async function rowsWith(state: string) {
  await world.platform.query(
    `insert into app.index_key (id, version, state, kek, wrapped)
     select gen_random_uuid(), 2, '${state}', kek, wrapped from app.index_key where version = 1`,
  );
  try {
    return (await rows()).get(state);
  } finally {
    await world.platform.query('delete from app.index_key where version = 2');
  }
}

async function census() {
  const context = await world.hmacContext();
  const db = await context.openReader();
  try {
    const { signal } = context;
    return await takeCensus(db, await context.map(), {
      columns: 'declared',
      progress: silentProgress,
      signal,
    });
  } finally {
    await db.end();
  }
}

test('an HMAC key is a row with its version, its hashes and its end, and no data key', async () => {
  const { keys } = await listKeys(sources, { census: 'taken' });
  expect(keys.filter(({ kind }) => kind === 'dek').map(({ name }) => name)).toEqual(['app.key']);
  expect((await rows()).get('active')).toMatchObject({
    id: 'hmac:app.index_key:active',
    name: 'app.index_key',
    version: '1',
    keys: 1,
    values: 14,
    bytes: 10 * 32 + 4 * 32,
    encryptionsLeft: null,
    cryptoperiodSeconds: 730 * 86_400,
    usedFor: ['hashes app.account.email', 'hashes app.token.secret', `wrapped by ${world.kek}`],
    needed: [{ why: 'applications look up by it' }],
    next: { action: 'rotate' },
    verdict: 'fine',
  });
  expect((await rows({ clock: inDays(731) })).get('active')).toMatchObject({
    verdict: 'overdue',
    keysOverdue: 1,
  });
});

test('a rotation that is not finished is told, and hashes of a version that is drained are overdue', async () => {
  expect(await rowsWith('pre-active')).toMatchObject({
    next: { action: 'finish the plan that made it' },
    values: 0,
  });
  await world.platform.query('update app.account set email_even = email_odd');
  try {
    const old = await rowsWith('decrypt-only');
    expect(old).toMatchObject({ verdict: 'due', values: 10, next: { action: 'finish the rotation' } });
    const drained = await rowsWith('drained');
    expect(drained).toMatchObject({ verdict: 'overdue', values: 10 });
    expect(codesOf(drained as never)).toEqual(['key-not-drained']);
    expect(codesOf((await rowsWith('odd word')) as never)).toEqual(['state-unknown']);
  } finally {
    await world.platform.query('update app.account set email_even = null');
  }
});

test('a census counts hashes by the version whose turn it is, and finds rows that nobody can look up', async () => {
  const { columns, findings } = await census();
  expect(findings).toEqual([]);
  const hashed = columns.filter(({ keyring }) => keyring === 'app.index_key');
  expect(hashed.map(({ column, values }) => [column, values])).toEqual([
    ['email_odd', 10],
    ['email_even', 0],
    ['secret_odd', 4],
    ['secret_even', 0],
  ]);
  expect(hashed[0]?.groups).toMatchObject([
    { format: 'hashed', state: 'active', keys: 1, values: 10, bytes: 320 },
  ]);
  await world.platform.query(
    'update app.account set email_odd = null where id < 2; update app.account set email_even = email_odd where id = 5',
  );
  try {
    expect((await census()).findings).toMatchObject([
      { code: 'key-old', table: 'app.account', column: 'email_even', values: 1 },
      { code: 'hash-missing', table: 'app.account', column: 'email_odd', values: 2 },
    ]);
  } finally {
    for (const [id, email] of world.emails) await world.writeEmail(id, email);
    await world.platform.query('update app.account set email_even = null');
  }
});
