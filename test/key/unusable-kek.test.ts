import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PosternError } from '../../src/lib/base/error.ts';
import { keyReencrypt, listQuarantine, planReencrypt } from '../../src/lib/key/reencrypt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';

let world: KeyWorld;
beforeEach(async () => {
  world = await keyWorld({ persons: 4, tokensEach: 5 });
});
afterEach(() => world.close());

async function planned(kek: string | null): Promise<string> {
  const context = await world.context();
  const { plan } = await planReencrypt(context, {
    keyring: undefined,
    keys: 'new',
    kek,
    batchSize: 3,
    workers: 2,
    rowsPerSecond: null,
    bearable: unlimited,
    kmsRequestsPerSecond: null,
    writerCacheSeconds: 0,
  });
  if (plan === undefined) throw new Error('nothing is planned');
  await savePlan(context, plan);
  return plan.id;
}

const applied = async (id: string) => applyPlan(await world.context(), keyReencrypt, id);

/** The plan stops, names the key and its state, tells how to go on, and blames no value. */
async function expectStopped(id: string, state: RegExp): Promise<void> {
  const error = await applied(id).then(
    () => undefined,
    (thrown: PosternError) => thrown,
  );
  expect(error).toMatchObject({ exitCode: 7 });
  expect(error?.message).toContain(world.kek);
  expect(error?.message).toMatch(state);
  const hints = error?.hints.join('\n');
  expect(hints).toContain(`postern key retire ${world.kek} --undo`);
  expect(hints).toContain(`postern key undestroy ${world.kek}`);
  expect(hints).toContain(`postern plan apply ${id.slice(0, 12)}`);
  expect(await listQuarantine(world.state.pool, 'test', 10)).toMatchObject({ total: 0 });
}

test.each([
  ['disabled', () => world.kms.disableKey(world.kek)],
  ['pending deletion', () => world.kms.scheduleKeyDeletion(world.kek, 7)],
] as const)('a KMS key that is %s stops the walk, which goes on once it is enabled', async (state, end) => {
  const other = await world.kms.createKey({ usage: 'encrypt', description: 'other' });
  const id = await planned(other.arn);
  const values = () => world.platform.query('select secret from app.token order by person_id, name');
  const before = (await values()).rows;
  await end();
  await expectStopped(id, new RegExp(state));
  expect((await values()).rows).toEqual(before);
  if (state === 'pending deletion') await world.kms.cancelKeyDeletion(world.kek);
  await world.kms.enableKey(world.kek);
  await applied(id);
  expect(await world.readTokens()).toEqual(world.tokens);
});

test('a KMS key that is disabled makes no data keys, and the plan that is stored is named', async () => {
  const id = await planned(null);
  await world.kms.disableKey(world.kek);
  await expectStopped(id, /disabled/);
  const { rows } = await world.platform.query('select count(*)::int as keys from app.key');
  expect(rows).toEqual([{ keys: 4 }]);
  await world.kms.enableKey(world.kek);
  await applied(id);
  expect(await world.readTokens()).toEqual(world.tokens);
});
