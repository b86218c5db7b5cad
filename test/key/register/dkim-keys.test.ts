import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DkimContext } from '../../../src/lib/key/dkim/index.ts';
import { addSelector, enterState } from '../../../src/lib/key/dkim/register.ts';
import type { RegisterContext } from '../../../src/lib/key/register/context.ts';
import { type TestState, testContext, testState } from '../../support/operation.ts';
import { codesOf, day, inDays, listKeys } from './support.ts';

let state: TestState;
beforeAll(async () => {
  state = await testState();
});
afterAll(() => state?.close());

const domain = 'example.test';

/** As the configuration gives it; no name server is asked, and no key file read. */
function dkim(domains: readonly string[]): DkimContext {
  const context = testContext({ pool: state.pool });
  const limits = { cryptoperiod: 180 * day } as ReturnType<DkimContext['domain']>;
  return {
    ...context,
    domains,
    domain: () => limits,
    folder: '/nowhere',
    fileMode: 0o600,
  } as unknown as DkimContext;
}

async function rows(clock: RegisterContext['clock'] = inDays(0), domains = [domain]) {
  return (await listKeys({ clock, dkim: () => Promise.resolve(dkim(domains)) })).keys;
}

test('a domain that nothing signs for is overdue, until a selector is known that does', async () => {
  expect(await rows()).toMatchObject([{ id: `dkim:${domain}`, verdict: 'overdue', keys: 0 }]);
  await addSelector(
    state.pool,
    'test',
    {
      domain,
      selector: 's1',
      keyType: 'rsa',
      bits: 2048,
      publicKey: 'AAAA',
      origin: 'made',
      keyFile: '/k.pem',
    },
    { state: 'prepared' },
  );
  await enterState(state.pool, { profile: 'test', domain, selector: 's1' }, { state: 'active' });
  expect(await rows()).toMatchObject([
    {
      id: `dkim:${domain}:s1`,
      name: `s1._domainkey.${domain}`,
      state: 'active',
      verdict: 'fine',
      usedFor: [`rsa-2048 of ${domain}`],
      next: { action: 'rotate' },
    },
  ]);
});

test('a selector that signs is due and overdue by its cryptoperiod, as long as its domain is configured', async () => {
  expect(await rows(inDays(160))).toMatchObject([{ verdict: 'due' }]);
  expect(await rows(inDays(181))).toMatchObject([{ verdict: 'overdue' }]);
  expect(await rows(inDays(181), [])).toMatchObject([{ verdict: 'fine', next: null, ends: null }]);
});

test('a step that should have been done is overdue, and a destroyed key is no row', async () => {
  const id = { profile: 'test', domain, selector: 's1' };
  await enterState(state.pool, id, { state: 'grace', notBefore: new Date(Date.now() + 5 * day) });
  const young = (await rows()).find(({ id: key }) => key.endsWith(':s1'));
  expect(young).toMatchObject({ state: 'grace', verdict: 'fine', next: { action: 'revoke' } });
  const late = (await rows(inDays(7))).find(({ id: key }) => key.endsWith(':s1'));
  expect(late && codesOf(late)).toEqual(['step-overdue']);
  await enterState(state.pool, id, { state: 'destroyed' });
  expect((await rows()).map((row) => row.id)).toEqual([`dkim:${domain}`]);
});
