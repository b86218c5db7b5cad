import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RegisterContext } from '../../../src/lib/key/register/context.ts';
import { showKey } from '../../../src/lib/key/register/index.ts';
import { type KeyWorld, keyWorld } from '../../support/key-world.ts';
import { codesOf, day, inDays, listKeys, registerContextWith } from './support.ts';

let world: KeyWorld;
let sources: Partial<RegisterContext>;
beforeAll(async () => {
  world = await keyWorld({ persons: 6, tokensEach: 3 });
  const context = await world.context();
  sources = {
    profile: context.profile,
    state: () => Promise.resolve(world.state.pool),
    platform: { open: () => context.openReader(), map: () => context.map() },
    kms: { open: () => Promise.resolve(world.kms), scope: 'all', named: [] },
  };
});
afterAll(() => world.close());

async function rows(own: Partial<RegisterContext> = {}, census: 'last' | 'taken' = 'last') {
  const { keys } = await listKeys({ ...sources, ...own }, { census });
  return new Map(keys.map((key) => [key.kind === 'dek' ? key.state : key.kind, key]));
}

/** Does something to the keyring, reads the register, and undoes it. */
async function rowsAfter(
  change: string,
  own: Partial<RegisterContext> = {},
  census: 'last' | 'taken' = 'last',
) {
  await world.platform.query('create table saved_key as table app.key');
  await world.platform.query(change);
  try {
    return await rows(own, census);
  } finally {
    await world.platform.query(
      'delete from app.key; insert into app.key table saved_key; drop table saved_key',
    );
  }
}

const someKeys = 'where id in (select id from app.key order by id limit 2)';

test('the data keys of a keyring and the key that wraps them are one row each, and fine while they are young', async () => {
  const found = await rows();
  expect([...found.keys()]).toEqual(['kek', 'active']);
  expect(found.get('active')).toMatchObject({
    id: 'dek:app.key:active',
    keys: 6,
    version: '1',
    keysOverdue: 0,
    values: null,
    verdict: 'fine',
    cryptoperiodSeconds: 730 * 86_400,
    usedFor: [`wrapped by ${world.kek}`],
    next: { action: 'encrypt again under new data keys' },
  });
  expect(found.get('kek')).toMatchObject({
    id: `kek:${world.kek}`,
    name: 'data keys',
    state: 'enabled',
    version: '1',
    verdict: 'fine',
    usedFor: ['wraps 6 data keys of app.key'],
    needed: [{ why: 'wraps 6 data keys', setId: null, until: null }],
  });
});

test('a census is put on record, and told again with its time until the next one', async () => {
  const taken = await listKeys(sources, { census: 'taken' });
  expect(taken.census).toMatchObject({ values: 18, findings: 0 });
  const later = await rows();
  expect(later.get('active')).toMatchObject({ values: 18, encryptionsLeft: 2 ** 32 - 3 });
  expect(later.get('active')?.bytes).toBeGreaterThan(18 * 102);
  expect(later.get('kek')).toMatchObject({ values: 18 });
  expect((await listKeys(sources)).census).toEqual(taken.census);
});

test('data keys are due before the end of their cryptoperiod, and overdue after it, counted one by one', async () => {
  expect((await rows({ clock: inDays(710) })).get('active')).toMatchObject({
    verdict: 'due',
    keysOverdue: 0,
  });
  const late = await rows({ clock: inDays(731) });
  expect(late.get('active')).toMatchObject({ verdict: 'overdue', keysOverdue: 6 });
  expect(late.get('kek')).toMatchObject({ verdict: 'overdue' });
  const some = await rowsAfter(`update app.key set created_at = now() - interval '731 days' ${someKeys}`);
  expect(some.get('active')).toMatchObject({ verdict: 'overdue', keys: 6, keysOverdue: 2 });
  expect(codesOf(some.get('active') as never)).toEqual(['key-overdue']);
});

test('values that are still under old keys are due, and under compromised, drained or disabled ones overdue', async () => {
  const states = async (state: string) =>
    (await rowsAfter(`update app.key set state = '${state}' ${someKeys}`, {}, 'taken')).get(state);
  expect(await states('decrypt-only')).toMatchObject({
    verdict: 'due',
    values: 6,
    keys: 2,
    next: { action: 'move values to active keys', from: null },
    findings: [{ code: 'key-old' }],
  });
  expect(await states('compromised')).toMatchObject({
    verdict: 'overdue',
    findings: [{ code: 'key-compromised' }],
  });
  expect(await states('drained')).toMatchObject({
    verdict: 'overdue',
    findings: [{ code: 'key-not-drained' }],
  });
  expect(await states('disabled')).toMatchObject({
    verdict: 'overdue',
    findings: [{ code: 'key-unusable' }],
  });
  expect(await states('destroyed')).toMatchObject({ verdict: 'fine', values: 6, needed: [], findings: [] });
  expect(await states('resting')).toMatchObject({
    verdict: 'unknown',
    findings: [{ code: 'state-unknown' }],
  });
  await rows({}, 'taken');
});

test('a key that no value names is needed by the backup sets that may hold what was under it', async () => {
  const lock = new Date(Date.now() + 40 * day).toISOString();
  const set = (setId: string, days: number, lockedUntil: string | null) => ({
    setId,
    startedAt: new Date(Date.now() + days * day).toISOString(),
    lockedUntil,
  });
  const backups = { sets: async () => [set('before', -30, null), set('one', 1, lock), set('two', 2, null)] };
  const spare = `insert into app.key select gen_random_uuid(), person_id, 2, 'drained', kek, wrapped, region, now()
    from app.key where version = 1 limit 1`;
  const found = (await rowsAfter(spare, { backups })).get('drained');
  expect(found).toMatchObject({
    verdict: 'fine',
    values: 0,
    needed: [{ setId: 'two', until: lock, why: '2 backup sets may hold what is under it' }],
    next: { action: 'retire', from: lock },
  });

  // Once everything was encrypted again, later sets hold nothing that is under drained keys.
  const text = JSON.stringify({ inputs: { keyring: 'app.key' } });
  await world.state.pool.query(
    `with made as (
       insert into postern.plan (id, text, kind, profile, created_at, expires_at)
       values (encode(sha256(convert_to($1, 'UTF8')), 'hex'), $1, 'key.reencrypt', 'test', now(), now()) returning id)
     select id from made`,
    [text],
  );
  await world.state.pool.query(
    `insert into postern.plan_journal (plan_id, event, detail)
     values (encode(sha256(convert_to($1, 'UTF8')), 'hex'), 'applied', '{}')`,
    [text],
  );
  expect((await rowsAfter(spare, { backups })).get('drained')).toMatchObject({
    needed: [],
    next: { action: 'retire', from: null },
  });
});

test('a key that wraps data keys and is gone, disabled or about to be destroyed is overdue', async () => {
  const gone = await rowsAfter(
    `update app.key set kek = 'local:00000000-0000-4000-8000-000000000000' ${someKeys}`,
  );
  expect(gone.get('kek')).toMatchObject({
    state: 'missing',
    verdict: 'overdue',
    needed: [{ why: 'wraps 2 data keys' }],
    findings: [{ code: 'kms-key-missing' }],
  });
  await world.kms.disableKey(world.kek);
  expect((await rows()).get('kek')).toMatchObject({ state: 'disabled', verdict: 'overdue' });
  await world.kms.scheduleKeyDeletion(world.kek, 7);
  expect((await rows()).get('kek')).toMatchObject({
    state: 'pending-deletion',
    verdict: 'overdue',
    next: { action: 'is destroyed' },
  });
  await world.kms.cancelKeyDeletion(world.kek);
  await world.kms.enableKey(world.kek);
  expect((await rows()).get('kek')).toMatchObject({ state: 'enabled', verdict: 'fine' });
});

test('new material begins a new cryptoperiod, and is a new version', async () => {
  await world.kms.rotateKey(world.kek);
  const found = (await rows()).get('kek');
  expect(found).toMatchObject({ version: '2' });
  expect(Date.parse(found?.activated ?? '')).toBeGreaterThan(Date.parse(found?.created ?? ''));
});

test('a key that nothing names is listed without a cryptoperiod, where every key of the service is ours', async () => {
  const { arn } = await world.kms.createKey({ usage: 'encrypt', description: 'spare' });
  const all = await listKeys({ ...sources, clock: inDays(4000) });
  expect(all.keys.find(({ id }) => id === `kek:${arn}`)).toMatchObject({
    verdict: 'fine',
    ends: null,
    usedFor: [],
  });
  const named = await listKeys({ ...sources, kms: { ...sources.kms!, scope: 'named' } });
  expect(named.keys.some(({ id }) => id === `kek:${arn}`)).toBe(false);
});

test('a keyring is shown with the data keys of one subject', async () => {
  const { rows: persons } = await world.platform.query('select person_id::text as id from app.key limit 1');
  const subject: string = persons[0].id;
  const options = { within: 0, census: 'last' } as const;
  const context = registerContextWith(sources);
  const shown = await showKey(context, options, { asked: 'app.key', subject });
  expect(shown.keys).toMatchObject([{ id: 'dek:app.key:active' }]);
  expect(shown.versions).toMatchObject([{ version: 1, state: 'active', kek: world.kek }]);
  await expect(showKey(context, options, { asked: 'nothing', subject: undefined })).rejects.toMatchObject({
    exitCode: 2,
    code: 'key-unknown',
  });
  await expect(showKey(context, options, { asked: world.kek, subject })).rejects.toMatchObject({
    code: 'keyring-unknown',
  });
});

test('what cannot be asked is told, and the others are still listed', async () => {
  const { keys, unasked } = await listKeys({
    ...sources,
    kms: {
      ...sources.kms!,
      open: () => Promise.reject(Object.assign(new Error('permission denied'), { code: '42501' })),
    },
  });
  expect(keys.map(({ kind }) => kind)).toEqual(['dek']);
  expect(unasked).toEqual([{ source: 'the key management service', reason: 'permission denied' }]);
});
