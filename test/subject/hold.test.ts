import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import {
  holdMatcher,
  openDeferrals,
  readHolds,
  recordDeferred,
  recordResumed,
} from '../../src/lib/subject/hold/index.ts';
import { type NewHold, storeHold, storeRelease } from '../../src/lib/subject/hold/store.ts';
import type { Identity } from '../../src/lib/subject/identity/identities.ts';
import { hashesToStore, nameHasher, rowName } from '../../src/lib/subject/name-hash/index.ts';
import { type TestState, testContext, testState } from '../support/operation.ts';

const [older, newer] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
const hasher = nameHasher([newer, older]);
const email: Identity = {
  name: 'account.email',
  subject: 'account',
  kind: 'email',
  normalise: ['lower'],
  variants: ['plus-tag'],
};
const identities = new Map([[email.name, email]]);
const known = (...values: readonly string[]) => new Map([['email', new Set(values)]]);

let state: TestState;
beforeAll(async () => {
  state = await testState();
});
afterAll(() => state.close());

const hold = (profile: string, own: Partial<NewHold> = {}): NewHold => ({
  profile,
  case: '12 O 345/26',
  reason: 'evidence',
  tables: null,
  tenant: null,
  reviewBy: null,
  author: 'counsel',
  persons: hashesToStore(hasher, 'hold-person', identities, known('ann@example.org')),
  rows: [],
  ...own,
});
const row = (table: string, ...key: readonly string[]) => ({
  table,
  hash: hasher.hash('hold-row', table, rowName(key)),
});
const release = (profile: string, number: number) =>
  storeRelease(state.pool, { profile, number, reason: 'settled', author: 'counsel' });
const matcherOf = async (profile: string, by = hasher) =>
  holdMatcher(await readHolds(state.pool, profile), by, identities);
async function newPlan(profile: string, note: string): Promise<string> {
  const context = testContext(state, { profile });
  const plan = createPlan(context, {
    kind: 'toy.write',
    target: { systemIdentifier: '1', database: 'mail' },
    inputs: { note },
    steps: [{ kind: 'write', summary: 'writes nothing', inputs: {} }],
    preconditions: [],
    effects: {},
  });
  await savePlan(context, plan);
  return plan.id;
}

describe('a hold on a person', () => {
  it('is found by every name of that person, and by no other one', async () => {
    const number = await storeHold(state.pool, hold('person', { tables: ['public.mail'], tenant: '7' }));
    const { ofPerson, rowTables } = await matcherOf('person');
    expect(ofPerson(known('x@example.org', 'ANN+news@example.org'))).toEqual([
      expect.objectContaining({ number, case: '12 O 345/26', tables: ['public.mail'], tenant: '7' }),
    ]);
    expect(ofPerson(known('joann@example.org'))).toEqual([]);
    expect(ofPerson(new Map())).toEqual([]);
    expect(rowTables.size).toBe(0);
  });

  it('is of its own profile, and in force until it is released, once', async () => {
    const number = await storeHold(state.pool, hold('release'));
    expect((await matcherOf('person')).ofPerson(known('ann@example.org'))).toHaveLength(1);
    expect(await release('person', number)).toBe(false);
    expect(await readHolds(state.pool, 'release')).toHaveLength(1);
    expect(await release('release', number)).toBe(true);
    expect(await release('release', number)).toBe(false);
    expect(await readHolds(state.pool, 'release')).toEqual([]);
  });

  it('holds under an older key, and refuses everything where its key is no longer configured', async () => {
    const persons = hashesToStore(nameHasher([older]), 'hold-person', identities, known('ann@example.org'));
    const number = await storeHold(state.pool, hold('older', { persons }));
    expect((await matcherOf('older')).ofPerson(known('ann@example.org'))).toHaveLength(1);
    await expect(matcherOf('older', nameHasher([newer]))).rejects.toMatchObject({
      exitCode: 6,
      code: 'hold-key-missing',
      message: expect.stringContaining(`hold ${number}`),
    });
    await release('older', number);
    await expect(matcherOf('older', nameHasher([newer]))).resolves.toBeDefined();
  });
});

describe('a hold on rows', () => {
  it('is found by table and whole key alone', async () => {
    const rows = [row('public.mail', '7', 'A'), row('public.card', '1')];
    const number = await storeHold(state.pool, hold('rows', { persons: [], rows }));
    const { ofPerson, ofRow, rowTables } = await matcherOf('rows');
    expect(ofRow('public.mail', ['7', 'A']).map((found) => found.number)).toEqual([number]);
    for (const key of [['7', 'a'], ['7'], ['A', '7'], ['7', 'A', '']])
      expect(ofRow('public.mail', key)).toEqual([]);
    expect(ofRow('public.card', ['7', 'A'])).toEqual([]);
    expect([...rowTables].toSorted()).toEqual(['public.card', 'public.mail']);
    expect(ofPerson(known('ann@example.org'))).toEqual([]);
  });

  it('refuses everything where its key is no longer configured', async () => {
    await storeHold(state.pool, hold('rows-older', { persons: [], rows: [row('public.mail', '1')] }));
    await expect(matcherOf('rows-older', nameHasher([older]))).rejects.toMatchObject({
      code: 'hold-key-missing',
    });
  });
});

describe('what a hold deferred', () => {
  it('is counted once however often it is recorded, and waits from its release until a plan takes it up', async () => {
    const profile = 'deferred';
    const [first, second] = [
      await storeHold(state.pool, hold(profile)),
      await storeHold(state.pool, hold(profile)),
    ];
    const [planId, later] = [await newPlan(profile, 'a'), await newPlan(profile, 'b')];
    const record = (holdNumber: number, rows: number) =>
      recordDeferred(state.pool, { profile, planId, holdNumber, table: 'public.mail', rows });
    for (const rows of [3, 3, 2, 0]) await record(first, rows);
    await record(second, 1);
    const open = () => openDeferrals(state.pool, profile);
    const isReleased = false;
    expect(await open()).toEqual([
      {
        planId,
        holdNumber: first,
        table: 'public.mail',
        rows: 3,
        isReleased,
        deferredAt: expect.any(String),
      },
      {
        planId,
        holdNumber: second,
        table: 'public.mail',
        rows: 1,
        isReleased,
        deferredAt: expect.any(String),
      },
    ]);
    const resume = () => recordResumed(state.pool, { profile, planIds: [planId], resumedBy: later });
    expect(await resume()).toBe(0);
    await release(profile, first);
    expect((await open()).map((one) => one.isReleased)).toEqual([true, false]);
    expect(
      await recordResumed(state.pool, { profile: 'other', holds: [first, second], resumedBy: later }),
    ).toBe(0);
    expect(await resume()).toBe(1);
    expect((await open()).map(({ holdNumber }) => holdNumber)).toEqual([second]);
  });

  it('is recorded for no hold of another profile', async () => {
    const number = await storeHold(state.pool, hold('mine'));
    const planId = await newPlan('mine', 'c');
    const deferred = { planId, holdNumber: number, table: 'public.mail', rows: 1 };
    await expect(recordDeferred(state.pool, { profile: 'yours', ...deferred })).rejects.toThrow('no hold');
  });
});
