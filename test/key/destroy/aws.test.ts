import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openAwsKms } from '../../../src/lib/cloud/aws/kms.ts';
import { assessDestroy, planKeyDestroy, undestroyKey } from '../../../src/lib/key/destroy/index.ts';
import { type DestroyWorld, destroyWorld, options } from '../../support/destroy-world.ts';
import { type KmsTestServer, startKmsServer } from '../../support/kms-server.ts';

let server: KmsTestServer;
let world: DestroyWorld;
beforeAll(async () => {
  server = await startKmsServer();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  const { endpoint, region, credentials } = server;
  const kms = await openAwsKms({ endpoint, region, credentials, maxAttempts: 3, timeoutMs: 5_000 });
  world = await destroyWorld({ kms });
  await world.ready();
  server.behave({ usesAgo: 8 * 86_400_000 });
});
afterEach(async () => {
  server.deny();
  server.lack();
  server.loseAnswers(0);
  server.throttle(0);
  server.forget();
  server.behave({ usesAgo: 0 });
  await world?.close();
});

async function assess() {
  const context = await world.context();
  return { context, assessed: await assessDestroy(context, { key: world.old, ...options }) };
}

/** Exactly this rule stands in the way; the plan is refused, and the service is told nothing. */
async function expectOpen(rule: string, text: RegExp, exitCode: number): Promise<void> {
  server.forget();
  const { context, assessed } = await assess();
  const open = assessed.rules.filter(({ verdict }) => verdict !== 'met');
  expect(open.map((one) => one.rule)).toEqual([rule]);
  expect(open[0]?.evidence.join('; ')).toMatch(text);
  await expect(planKeyDestroy(context, assessed)).rejects.toMatchObject({ exitCode });
  expect(server.calls.map(({ action }) => action)).not.toContain('ScheduleKeyDeletion');
}

const scheduled = () => server.calls.filter(({ action }) => action === 'ScheduleKeyDeletion');

async function approved() {
  const plan = await world.planned({ waitingDays: 30 });
  const [, bob, carol] = world.operators;
  await world.approve(plan, bob, carol);
  return plan;
}

test('destroyed after 30 days, in the account that the plan names, and taken back in the order that AWS needs', async () => {
  const plan = await approved();
  expect(plan.body.target.cloudAccount).toBe(server.account);
  server.throttle(2);
  await world.apply(plan);
  expect(scheduled().map(({ body }) => body)).toEqual([
    { KeyId: world.old.split('/')[1], PendingWindowInDays: 30 },
  ]);
  expect(await world.stateOfOld()).toBe('pending-deletion');
  server.forget();
  await undestroyKey(await world.context(), await world.kms.describeKey(world.old));
  const changing = server.calls
    .map(({ action }) => action)
    .filter((action) => /Key(Deletion)?$/.test(action));
  expect(changing.filter((action) => action !== 'DescribeKey')).toEqual(['CancelKeyDeletion', 'EnableKey']);
  expect(await world.stateOfOld()).toBe('enabled');
});

test('a use in the last week stands in the way, and until when it does is told', async () => {
  server.behave({ usesAgo: 3 * 86_400_000 });
  await expectOpen('not-used', /^last used at 20.* \(/, 6);
  const { assessed } = await assess();
  const until = Date.parse(assessed.rules.find(({ rule }) => rule === 'not-used')?.until ?? '');
  // A week, and the hour by which the service may be late.
  const days = (until - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(4);
  expect(days).toBeLessThan(4.1);
});

test('a service that does not tell the last use, or may not be asked, leaves it open', async () => {
  server.lack('GetKeyLastUsage');
  await expectOpen('not-used', /does not record when keys are used/, 4);
  server.lack();
  server.deny('GetKeyLastUsage');
  await expectOpen('not-used', /GetKeyLastUsage/, 4);
});

test('a grant on the key stands in the way, and grants that may not be listed leave it open', async () => {
  server.deny('ListGrants');
  await expectOpen('no-alias-or-grant', /ListGrants/, 4);
  server.deny();
  // A grant from before the retirement: AWS makes none on a disabled key.
  await world.kms.enableKey(world.old);
  const { grantId } = (await world.kms.access?.createGrant(world.old, {
    name: 'worker',
    grantee: `arn:aws:iam::${server.account}:role/worker`,
    operations: ['Decrypt'],
    context: { equals: { account: '1' } },
  })) ?? { grantId: '' };
  await world.kms.disableKey(world.old);
  await expectOpen('no-alias-or-grant', /^grant worker lets arn:aws:iam::\d+:role\/worker use it$/, 6);
  await world.kms.access?.revokeGrant(world.old, grantId);
  const { assessed } = await assess();
  expect(assessed.rules.every(({ verdict }) => verdict === 'met')).toBe(true);
});

test('a keyring that names a key of another account, which may not be looked at, leaves it open', async () => {
  const foreign = world.old.replace(server.account, '999900001111');
  const own = world.kms;
  const kms = new Proxy(own, {
    get: (target, name, receiver) =>
      name === 'describeKey'
        ? async (id: string) => {
            if (id === foreign) server.deny('DescribeKey');
            return target.describeKey(id).finally(() => server.deny());
          }
        : Reflect.get(target, name, receiver),
  });
  await world.platform.query(
    'update app.key set kek = $1 where id = (select id from app.key order by id limit 1)',
    [foreign],
  );
  const context = await world.context({ kms: () => Promise.resolve(kms) });
  const { rules } = await assessDestroy(context, { key: world.old, ...options });
  expect(rules.find(({ rule }) => rule === 'no-data-key')).toMatchObject({
    verdict: 'unknown',
    evidence: [`${foreign}, which may be it, wraps 1 data key of app.key`],
  });
});

test('where the answer is lost, the next run finds the destruction scheduled, and leaves its date', async () => {
  const plan = await approved();
  const lossy = new Proxy(world.kms, {
    get: (target, name, receiver) =>
      name === 'scheduleKeyDeletion'
        ? (keyId: string, days: number) => {
            server.loseAnswers(3);
            return target.scheduleKeyDeletion(keyId, days).finally(() => server.loseAnswers(0));
          }
        : Reflect.get(target, name, receiver),
  });
  await expect(world.apply(plan, { kms: () => Promise.resolve(lossy) })).rejects.toMatchObject({
    exitCode: 7,
  });
  const { state, deletionDate } = await world.kms.describeKey(world.old);
  expect(state).toBe('pending-deletion');
  const asked = scheduled().length;
  await world.apply(plan);
  expect(scheduled()).toHaveLength(asked);
  expect((await world.kms.describeKey(world.old)).deletionDate).toEqual(deletionDate);
});

test('a right that is missing is told by its name, and the key stays as it is', async () => {
  const plan = await approved();
  server.deny('ScheduleKeyDeletion');
  await expect(world.apply(plan)).rejects.toMatchObject({
    exitCode: 7,
    hints: expect.arrayContaining([expect.stringContaining('kms:ScheduleKeyDeletion')]),
  });
  expect(await world.stateOfOld()).toBe('disabled');
  server.deny();
  await world.apply(plan);
  expect(await world.stateOfOld()).toBe('pending-deletion');
});
