import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAwsKms } from '../../src/lib/cloud/aws/kms.ts';
import { planKekRotation, type RotateKekOptions, rotateKek } from '../../src/lib/key/kek/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { type KmsTestServer, startKmsServer } from '../support/kms-server.ts';

let world: KeyWorld;
beforeEach(async () => {
  world = await keyWorld();
});
afterEach(() => world.close());

const options: RotateKekOptions = {
  keyring: undefined,
  to: undefined,
  alias: undefined,
  batchSize: 3,
  kmsRequestsPerSecond: null,
};

async function planned(own: Partial<RotateKekOptions> = {}) {
  const context = await world.context();
  const { plan } = await planKekRotation(context, { ...options, ...own });
  await savePlan(context, plan);
  return { context, plan };
}

const keyring = async () =>
  (await world.platform.query('select id::text, kek, wrapped, state from app.key order by id')).rows;

test('new material: every data key is wrapped anew under the same key, and opens to what it was', async () => {
  const before = await keyring();
  const materials = await world.kms.listMaterials(world.kek);
  const { context, plan } = await planned();
  expect(plan.body.steps.map(({ kind }) => kind)).toEqual(['rotate', 'await', 'rewrap', 'census']);
  await applyPlan(context, rotateKek, plan.id);
  const after = await keyring();
  expect(after.map(({ id, kek, state }) => ({ id, kek, state }))).toEqual(
    before.map(({ id, kek, state }) => ({ id, kek, state })),
  );
  for (const [index, row] of after.entries()) {
    expect(row.wrapped.equals(before[index].wrapped)).toBe(false);
    // The local service writes the number of the material into what it wraps, at byte 20.
    expect(row.wrapped.readUInt32BE(20)).toBe(2);
  }
  expect(await world.kms.listMaterials(world.kek)).toHaveLength(materials.length + 1);
  expect(await world.readTokens()).toEqual(world.tokens);
});

test('another key takes over: rows name it, and the old one can be disabled', async () => {
  const { arn: to, keyId } = await world.kms.createKey({ usage: 'encrypt', description: 'next' });
  await world.kms.createAlias('alias/writers', world.kek.replace('local:', ''));
  const { context, plan } = await planned({ to: keyId, alias: 'alias/writers' });
  await applyPlan(context, rotateKek, plan.id);
  await world.kms.disableKey(world.kek);
  expect(new Set((await keyring()).map(({ kek }) => kek))).toEqual(new Set([to]));
  world.forgetKeys();
  expect(await world.readTokens()).toEqual(world.tokens);
  const aliases = [];
  for await (const alias of world.kms.listAliases()) aliases.push(alias);
  expect(aliases).toMatchObject([{ name: 'alias/writers', keyId }]);
});

test('a data key that another context wrapped is told, stays as it is, and stops no other', async () => {
  const [victim] = await keyring();
  const { wrapped } = await world.kms.generateDataKey(world.kek, { person: 'somebody else', version: '1' });
  await world.platform.query('update app.key set wrapped = $2 where id = $1', [
    victim.id,
    Buffer.from(wrapped),
  ]);
  const { arn: to } = await world.kms.createKey({ usage: 'encrypt', description: 'next' });
  const { context, plan } = await planned({ to });
  await expect(applyPlan(context, rotateKek, plan.id)).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringContaining(`${victim.id} (kms-wrong-key)`),
  });
  const rows = await keyring();
  expect(rows.filter(({ kek }) => kek === to)).toHaveLength(9);
  expect(rows.find(({ id }) => id === victim.id).wrapped.equals(Buffer.from(wrapped))).toBe(true);
});

test('a row that an application changes meanwhile is not written over', async () => {
  const { arn: to } = await world.kms.createKey({ usage: 'encrypt', description: 'next' });
  const { context, plan } = await planned({ to, batchSize: 100 });
  const [victim] = await keyring();
  const { rows } = await world.platform.query('select person_id::text as person from app.key where id = $1', [
    victim.id,
  ]);
  const replaced = await world.kms.encrypt(world.kek, Buffer.alloc(32, 7), {
    person: rows[0].person,
    version: '1',
  });
  let isFirst = true;
  const kms = new Proxy(world.kms, {
    get: (target, name, receiver) => {
      if (name !== 'reEncrypt') return Reflect.get(target, name, receiver);
      return async (request: Parameters<typeof world.kms.reEncrypt>[0]) => {
        if (isFirst) {
          isFirst = false;
          await world.platform.query('update app.key set wrapped = $2 where id = $1', [
            victim.id,
            Buffer.from(replaced),
          ]);
        }
        return world.kms.reEncrypt(request);
      };
    },
  });
  await applyPlan({ ...context, kms: () => Promise.resolve(kms) }, rotateKek, plan.id);
  const row = (await keyring()).find(({ id }) => id === victim.id);
  const opened = await world.kms.decrypt(to, row.wrapped, { person: rows[0].person, version: '1' });
  expect(Buffer.from(opened)).toEqual(Buffer.alloc(32, 7));
});

test('what cannot be the key that wraps is refused before anything is planned', async () => {
  const signer = await world.kms.createKey({ usage: 'sign', description: '' });
  await expect(planned({ to: signer.arn })).rejects.toMatchObject({ code: 'kek-usage', exitCode: 2 });
  const closed = await world.kms.createKey({ usage: 'encrypt', description: '' });
  await world.kms.disableKey(closed.keyId);
  await expect(planned({ to: closed.arn })).rejects.toMatchObject({ code: 'kek-unusable', exitCode: 6 });
  await expect(planned({ to: world.kek })).rejects.toMatchObject({ code: 'kek-unnamed', exitCode: 2 });
  await expect(planned({ to: 'alias/writers' })).rejects.toMatchObject({ code: 'kms-alias', exitCode: 2 });
  await world.platform.query(
    `update app.key set kek = 'local:00000000-0000-4000-8000-000000000000' where version = 1`,
  );
  await expect(planned()).rejects.toMatchObject({ code: 'kek-missing', exitCode: 6 });
});

describe('on AWS, as its model has it', () => {
  let server: KmsTestServer;
  beforeAll(async () => {
    server = await startKmsServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const { endpoint, region, credentials } = server;
    const kms = await openAwsKms({ endpoint, region, credentials, maxAttempts: 3, timeoutMs: 5_000 });
    await world.close();
    world = await keyWorld({ persons: 5, tokensEach: 2, kms });
  });
  afterEach(() => {
    server.deny();
    server.loseAnswers(0);
    server.throttle(0);
    server.forget();
  });

  const rotations = () => server.calls.filter(({ action }) => action === 'RotateKeyOnDemand');

  test('new material is asked for once, waited for, and every data key is under it', async () => {
    const { context, plan } = await planned();
    server.throttle(2);
    await applyPlan(context, rotateKek, plan.id);
    expect(rotations()).toHaveLength(1);
    const [first, second] = await world.kms.listMaterials(world.kek);
    expect(first?.materialId).not.toBe(second?.materialId);
    const rewraps = server.calls.filter(({ action }) => action === 'ReEncrypt');
    expect(rewraps).toHaveLength(5);
    expect(rewraps.every(({ body }) => body['SourceKeyId'] === world.kek)).toBe(true);
    world.forgetKeys();
    expect(await world.readTokens()).toEqual(world.tokens);
  });

  test('a rotation whose answer was lost is found to have begun, and not asked for again', async () => {
    const { context, plan } = await planned();
    const lossy = new Proxy(world.kms, {
      get: (target, name, receiver) =>
        name === 'rotateKey'
          ? (keyId: string) => {
              server.loseAnswers(3);
              return target.rotateKey(keyId).finally(() => server.loseAnswers(0));
            }
          : Reflect.get(target, name, receiver),
    });
    await expect(
      applyPlan({ ...context, kms: () => Promise.resolve(lossy) }, rotateKek, plan.id),
    ).rejects.toMatchObject({ exitCode: 7 });
    const asked = rotations().length;
    await applyPlan(context, rotateKek, plan.id);
    expect(rotations()).toHaveLength(asked);
    expect(await world.kms.listMaterials(world.kek)).toHaveLength(2);
  });

  test('a right that is missing is told with its name, and nothing is changed', async () => {
    const { context, plan } = await planned();
    const before = await keyring();
    server.deny('ReEncryptTo');
    await expect(applyPlan(context, rotateKek, plan.id)).rejects.toMatchObject({
      exitCode: 7,
      hints: expect.arrayContaining([expect.stringContaining('kms:ReEncryptTo')]),
    });
    expect(await keyring()).toEqual(before);
    server.deny();
    await applyPlan(context, rotateKek, plan.id);
    world.forgetKeys();
    expect(await world.readTokens()).toEqual(world.tokens);
  });
});
