import { afterAll, beforeAll, expect, test } from 'vitest';
import { planRotation } from '../../../src/lib/key/password/index.ts';
import { waitForStandbys } from '../../../src/lib/key/password/standbys.ts';
import { type TestState, testContext, testState } from '../../support/operation.ts';
import { managedPassword } from '../../support/password-world.ts';
import { type Replicated, startReplicated } from '../../support/standby.ts';

let pair: Replicated;
let state: TestState;

beforeAll(async () => {
  state = await testState();
  pair = await startReplicated(async (client) => {
    await client.query(`create role app_a login password 'old'; create role app_b login password 'old'`);
  });
});
afterAll(async () => {
  await pair.stop();
  await state.close();
});

test('a standby is refused as the server of the admin', async () => {
  const managed = managedPassword({
    roles: ['app_a', 'app_b'],
    folder: pair.folder,
    databaseUrl: pair.standby.url,
  });
  const context = {
    ...testContext(state),
    password: () => managed,
    stateLogin: () => Promise.resolve({ role: 'other', server: 'elsewhere' }),
  };
  const plan = planRotation(context, managed.name, {
    reason: 'routine',
    sessions: 'leave',
    inUse: 'app_a',
  });
  await expect(plan).rejects.toMatchObject({ exitCode: 6, code: 'password-server' });
});

test('a standby that does not replay is waited for, and then told', async () => {
  const { client, onStandby } = pair;
  const { signal } = new AbortController();
  expect(await waitForStandbys(client, signal)).toBe(0);
  await onStandby.query('select pg_wal_replay_pause()');
  await client.query(`alter role app_a password 'new'`);
  expect(await waitForStandbys(client, signal, 300)).toBe(1);
  const waiting = waitForStandbys(client, signal);
  await onStandby.query('select pg_wal_replay_resume()');
  expect(await waiting).toBe(0);
});
