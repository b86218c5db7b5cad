import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSelector, enterState, readSelectors } from '../../../src/lib/key/dkim/register.ts';
import { selectorStates } from '../../../src/lib/key/dkim/state.ts';
import { grantRuntimeRole } from '../../../src/lib/state/grant.ts';
import { type TestState, testState } from '../../support/operation.ts';

let state: TestState;
beforeAll(async () => {
  state = await testState();
});
afterAll(() => state?.close());

const id = { profile: 'test', domain: 'example.test' };
const add = (selector: string, publicKey = 'AAAA') =>
  addSelector(
    state.pool,
    'test',
    {
      domain: 'example.test',
      selector,
      keyType: 'rsa',
      bits: 2048,
      publicKey,
      origin: 'made',
      keyFile: '/k.pem',
    },
    { state: 'prepared' },
  );
const stateOf = async (selector: string) =>
  (await readSelectors(state.pool, 'test')).find((entry) => entry.selector === selector)?.state;

test('a selector goes through its states forwards, and may leave some out', async () => {
  await add('s1');
  for (const next of ['active', 'revoking', 'destroyed'] as const) {
    await enterState(state.pool, { ...id, selector: 's1' }, { state: next });
    expect(await stateOf('s1')).toBe(next);
  }
});

test('nothing leads a selector back', async () => {
  await add('s2');
  await enterState(state.pool, { ...id, selector: 's2' }, { state: 'revoked' });
  for (const earlier of selectorStates.slice(0, 6))
    await enterState(state.pool, { ...id, selector: 's2' }, { state: earlier });
  expect(await stateOf('s2')).toBe('revoked');
});

test('a selector that is known keeps its key, whoever adds it again', async () => {
  await add('s3');
  await add('s3', 'BBBB');
  expect(
    (await readSelectors(state.pool, 'test', 'example.test')).filter(({ selector }) => selector === 's3'),
  ).toMatchObject([{ publicKey: 'AAAA', state: 'prepared' }]);
  expect(await readSelectors(state.pool, 'another profile')).toEqual([]);
});

test('rows of the register are neither changed nor deleted', async () => {
  for (const statement of [
    `update postern.dkim_event set state = 'active'`,
    'delete from postern.dkim_selector',
    'truncate postern.dkim_event',
  ])
    await expect(state.pool.query(statement)).rejects.toThrow(/append-only|only ever|refuse|may not/i);
});

test('the run-time role may do all that the register needs, and no more', async () => {
  const client = await state.pool.connect();
  try {
    await client.query('create role dkim_runtime login');
    await grantRuntimeRole(client, 'dkim_runtime');
    await client.query('set role dkim_runtime');
    const entry = {
      domain: 'role.test',
      selector: 's1',
      keyType: 'rsa',
      bits: 2048,
      publicKey: 'AAAA',
    } as const;
    await addSelector(client, 'test', { ...entry, origin: 'made', keyFile: '/k' }, { state: 'prepared' });
    const role = { profile: 'test', domain: 'role.test', selector: 's1' };
    await enterState(client, role, { state: 'active', notBefore: new Date(), detail: { compromised: true } });
    expect(await readSelectors(client, 'test', 'role.test')).toMatchObject([
      { state: 'active', isCompromised: true },
    ]);
    await expect(client.query('delete from postern.dkim_event')).rejects.toMatchObject({ code: '42501' });
    await expect(
      client.query(`insert into postern.dkim_event (profile, domain, selector, state, at)
                    values ('test', 'role.test', 's1', 'grace', now())`),
    ).rejects.toMatchObject({ code: '42501' });
  } finally {
    await client.query('reset role');
    client.release();
  }
});
