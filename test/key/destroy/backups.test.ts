import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  assessDestroy,
  type DestroyContext,
  planKeyDestroy,
  type StoredSet,
} from '../../../src/lib/key/destroy/index.ts';
import { storedSets } from '../../support/destroy-context.ts';
import { type DestroyWorld, destroyWorld, options } from '../../support/destroy-world.ts';

let world: DestroyWorld;
/** When the data keys were moved away, and an hour before it. */
let moved: string;
let before: string;
beforeEach(async () => {
  world = await destroyWorld();
  await world.ready();
  const { rows } = await world.state.pool.query(
    `select j.at from postern.plan_journal j join postern.plan p on p.id = j.plan_id
     where p.kind = 'key.rotate-kek' and j.event = 'applied'`,
  );
  moved = rows[0].at.toISOString();
  before = new Date(Date.parse(moved) - 3_600_000).toISOString();
});
afterEach(() => world?.close());

async function look(rule: string, own: Partial<DestroyContext> = {}) {
  const context = await world.context(own);
  const assessed = await assessDestroy(context, { key: world.old, ...options });
  const found = assessed.rules.find((one) => one.rule === rule);
  const refusal = await planKeyDestroy(context, assessed).catch((error: unknown) => error);
  return { ...found, refusal };
}

/** Also a set that was finished before the key was there cannot hold it, so that the key is to be older here. */
const aged = (): Partial<DestroyContext> => ({
  kms: () =>
    Promise.resolve(
      new Proxy(world.kms, {
        get: (target, name, receiver) =>
          name === 'describeKey'
            ? async (id: string) => ({ ...(await target.describeKey(id)), created: new Date(0) })
            : Reflect.get(target, name, receiver),
      }),
    ),
});

test('one set from before the move keeps the key until its lock ends', async () => {
  await world.set('s-old', { startedAt: before, lockUntil: '2190-01-02T03:04:05.000Z' });
  const found = await look('no-backup', aged());
  expect(found).toMatchObject({
    verdict: 'not-met',
    evidence: ['needed until 2190-01-02 by set s-old at offsite'],
    until: '2190-01-02T03:04:05.000Z',
    refusal: {
      exitCode: 6,
      code: 'key-needed',
      hints: [expect.stringMatching(/^no-backup, not met: .*s-old/)],
    },
  });
  expect(await world.stateOfOld()).toBe('disabled');
});

test('the lock of the wrapped keys counts where they have one of their own, and a set without a lock too', async () => {
  const lockUntil = '2190-01-02T03:04:05.000Z';
  await world.set('s-1', { startedAt: before, lockUntil, keyringLockUntil: '2180-01-02T03:04:05.000Z' });
  await world.set('s-2', { startedAt: before });
  expect(await look('no-backup', aged())).toMatchObject({
    verdict: 'not-met',
    evidence: [
      'needed until 2180-01-02 by set s-1 at offsite',
      'needed by set s-2 at offsite, which no lock keeps: `postern backup prune` removes what is too old',
      '2 copies need it',
    ],
  });
});

test('a set that needs the key in two ways is told once', async () => {
  await world.set('s-old', { startedAt: before, lockUntil: '2190-01-02T03:04:05.000Z' });
  const stored = (await storedSets(world.state.pool)).map((set) =>
    set.setId === 's-old' ? { ...set, keyIds: [world.old] } : set,
  );
  const own = {
    ...aged(),
    storedSets: async () => [{ destination: 'offsite', sets: stored, problem: null }],
  };
  expect(await look('no-backup', own)).toMatchObject({
    evidence: ['needed until 2190-01-02 by set s-old at offsite'],
  });
});

test('a set that is being written while the keys are moved counts as one that holds them', async () => {
  await world.set('s-now', { startedAt: before, state: 'running' });
  expect(await look('no-backup', aged())).toMatchObject({ verdict: 'not-met' });
});

test('sets that were pruned, whose wrapped keys were, from after the move, or older than the key need nothing', async () => {
  await world.set('s-1', { startedAt: before, state: 'pruned' });
  await world.set('s-2', { startedAt: before, keyringPruned: true });
  await world.set('s-3', { startedAt: new Date(Date.parse(moved) + 1000).toISOString() });
  expect(await look('no-backup', aged())).toMatchObject({ verdict: 'met' });
  await world.set('s-4', { startedAt: before });
  expect(await look('no-backup', aged())).toMatchObject({ verdict: 'not-met' });
  expect(await look('no-backup')).toMatchObject({ verdict: 'met' });
});

test('a set that the key itself opens needs it, and one that cannot be read leaves that open', async () => {
  const sets = (own: Partial<StoredSet>): Partial<DestroyContext> => ({
    ...aged(),
    storedSets: async () => [
      { destination: 'offsite', sets: await storedSets(world.state.pool, own), problem: null },
    ],
  });
  expect(
    await look('no-backup', sets({ keyIds: [world.next, world.old.replace('local:', '')] })),
  ).toMatchObject({
    verdict: 'not-met',
    evidence: [expect.stringContaining('set s-after at offsite')],
    refusal: { exitCode: 6 },
  });
  expect(await look('no-backup', sets({ problem: 'no answer' }))).toMatchObject({
    verdict: 'unknown',
    evidence: ['it cannot be told whether it opens set s-after at offsite: no answer'],
    refusal: { exitCode: 4, code: 'key-need-unknown' },
  });
  expect(await look('no-backup', sets({ keyIds: ['alias/sets'] }))).toMatchObject({ verdict: 'unknown' });
  expect(await look('no-backup', sets({ keyIds: [world.next] }))).toMatchObject({ verdict: 'met' });
});

test('a set that is in a store counts also where nobody has it on record', async () => {
  const stranger = { setId: 's-lost', keyIds: [], problem: null };
  const stored = (set: Partial<StoredSet> & { readonly startedAt: string }): Partial<DestroyContext> => ({
    storedSets: async () => [
      {
        destination: 'offsite',
        sets: [...(await storedSets(world.state.pool)), { ...stranger, ...set }],
        problem: null,
      },
    ],
  });
  expect(await look('no-backup', stored({ startedAt: before }))).toMatchObject({
    verdict: 'not-met',
    evidence: [expect.stringContaining('needed by set s-lost at offsite')],
    refusal: { exitCode: 6 },
  });
  const later = new Date(Date.parse(moved) + 60_000).toISOString();
  expect(await look('no-backup', stored({ startedAt: later }))).toMatchObject({ verdict: 'met' });
  const opened = stored({ startedAt: later, keyIds: [world.old] });
  expect(await look('no-backup', opened)).toMatchObject({ verdict: 'not-met' });
});

test('a store that cannot be listed, and one that the profile lost, leave it open', async () => {
  const down = { destination: 'offsite', sets: [], problem: 'no answer' };
  expect(await look('no-backup', { storedSets: () => Promise.resolve([down]) })).toMatchObject({
    verdict: 'unknown',
    evidence: ['the sets at offsite cannot be listed: no answer'],
    refusal: { exitCode: 4 },
  });
  expect(await look('no-backup', { storedSets: () => Promise.resolve([]) })).toMatchObject({
    verdict: 'unknown',
    evidence: ['sets are on record at offsite, which the profile does not have any more'],
  });
});

test('without a rotation on record, every set counts, and no drill proves anything', async () => {
  const own = await destroyWorld({ isMoved: false });
  try {
    // Moved by hand, or by a program that is not postern.
    await own.platform.query('update app.key set kek = $1', [own.next]);
    await own.ready();
    const context = await own.context();
    const { rules } = await assessDestroy(context, { key: own.old, ...options });
    const found = Object.fromEntries(rules.map((rule) => [rule.rule, rule]));
    expect(found['no-data-key']).toMatchObject({ verdict: 'met' });
    expect(found['drill-passed']).toMatchObject({ verdict: 'unknown' });
    expect(found['no-backup']).toMatchObject({
      verdict: 'not-met',
      evidence: expect.arrayContaining([
        'no applied rotation on record tells when the last data key of app.key was moved away',
      ]),
    });
  } finally {
    await own.close();
  }
});

test('what moved data keys back to the key proves nothing', async () => {
  await world.kms.enableKey(world.old);
  await world.move(world.old);
  await world.platform.query('update app.key set kek = $1', [world.next]);
  expect(await look('drill-passed')).toMatchObject({ verdict: 'unknown' });
  expect(await look('no-backup')).toMatchObject({ verdict: 'not-met' });
});

test('a drill counts where its set was made after the move', async () => {
  await world.state.pool.query(`update postern.backup_set set started_at = $1 where set_id = 's-after'`, [
    before,
  ]);
  expect(await look('drill-passed')).toMatchObject({
    verdict: 'not-met',
    evidence: [expect.stringContaining(`made after ${moved}`)],
    refusal: {
      exitCode: 6,
      hints: expect.arrayContaining([expect.stringMatching(/^drill-passed, not met/)]),
    },
  });
});
