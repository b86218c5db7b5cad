import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAwsKms } from '../../src/lib/cloud/aws/kms.ts';
import { keyAccount } from '../../src/lib/cloud/kms-account.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { rotationSettled } from '../../src/lib/cloud/kms-settled.ts';
import { keyUsable } from '../../src/lib/cloud/kms-usable.ts';
import { kmsAccessContract } from '../contract/kms-access.ts';
import { kmsServiceContract } from '../contract/kms-service.ts';
import { type KmsTestServer, startKmsServer } from '../support/kms-server.ts';

let server: KmsTestServer;
let kms: KmsService;

beforeAll(async () => {
  server = await startKmsServer();
  // Rotations take a while and then some, as on AWS: what waits for them badly fails the contract.
  server.behave({ rotationCalls: 3, staleCalls: 2 });
  const { endpoint, region, credentials } = server;
  kms = await openAwsKms({ endpoint, region, credentials, maxAttempts: 3, timeoutMs: 5_000 });
});

afterAll(() => server.stop());

kmsServiceContract('AWS KMS, modelled', 'faithful', () => kms);
kmsAccessContract('AWS KMS, modelled', 'faithful', () => kms);

describe('AWS KMS, modelled', () => {
  const context = { subject: '42' };
  const newKey = async () => (await kms.createKey({ usage: 'encrypt', description: '' })).keyId;
  const soon = { everyMs: 1, timeoutMs: 10_000 };

  beforeEach(() => server.behave({ rotationCalls: 0, staleCalls: 0, newKeyCalls: 0, lateStateCalls: 0 }));

  afterEach(() => {
    server.deny();
    server.lack();
    server.throttle(0);
    server.loseAnswers(0);
  });

  test('a rotation is in progress for a while, and then old material is still used', async () => {
    server.behave({ rotationCalls: 3, staleCalls: 2 });
    const keyId = await newKey();
    const before = await kms.currentMaterial(keyId);
    await kms.rotateKey(keyId);
    const { inProgressSince } = await kms.rotationStatus(keyId);
    expect(Math.abs((inProgressSince?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    expect((await kms.generateDataKey(keyId, context)).materialId).toBe(before);
    expect(await kms.listMaterials(keyId)).toHaveLength(1);
    expect(await kms.rotationStatus(keyId)).not.toHaveProperty('inProgressSince');
    expect(await kms.currentMaterial(keyId)).toBe(before);
    const after = await rotationSettled(kms, keyId, before, soon);
    expect(after).not.toBe(before);
    expect(await kms.currentMaterial(keyId)).toBe(after);
  });

  test('a rotation that does not come to its end is left, to be asked for again later', async () => {
    server.behave({ rotationCalls: 1_000 });
    const keyId = await newKey();
    const before = await kms.currentMaterial(keyId);
    await kms.rotateKey(keyId);
    const late = { code: 'kms-rotation-unsettled', exitCode: 7 };
    await expect(rotationSettled(kms, keyId, before, { everyMs: 1, timeoutMs: 20 })).rejects.toMatchObject(
      late,
    );
    await expect(
      rotationSettled(kms, keyId, before, { ...soon, signal: AbortSignal.abort() }),
    ).rejects.toThrow(/abort/);
  });

  test('a new key is missing for a while, and an enabled one still disabled', async () => {
    server.behave({ newKeyCalls: 4, lateStateCalls: 4 });
    const keyId = await newKey();
    await expect(kms.describeKey(keyId)).rejects.toMatchObject({ code: 'kms-key-missing' });
    await keyUsable(kms, keyId, soon);
    await kms.disableKey(keyId);
    expect(await kms.currentMaterial(keyId)).toBeDefined();
    server.behave({ lateStateCalls: 0 });
    await kms.disableKey(keyId);
    server.behave({ lateStateCalls: 4 });
    await kms.enableKey(keyId);
    await expect(kms.currentMaterial(keyId)).rejects.toMatchObject({ code: 'kms-key-unusable' });
    await keyUsable(kms, keyId, soon);
    expect(await kms.currentMaterial(keyId)).toBeDefined();
  });

  test('a key that stays unusable is told as that, and a refusal at once', async () => {
    const keyId = await newKey();
    await kms.disableKey(keyId);
    const short = { everyMs: 1, timeoutMs: 20 };
    await expect(keyUsable(kms, keyId, short)).rejects.toMatchObject({ code: 'kms-key-unusable' });
    await kms.enableKey(keyId);
    server.deny('GenerateDataKeyWithoutPlaintext');
    server.forget();
    await expect(keyUsable(kms, keyId, soon)).rejects.toMatchObject({ code: 'kms-access-denied' });
    expect(server.calls).toHaveLength(1);
  });

  test('a second rotation has to wait for the first', async () => {
    server.behave({ rotationCalls: 5 });
    const keyId = await newKey();
    await kms.rotateKey(keyId);
    await expect(kms.rotateKey(keyId)).rejects.toMatchObject({ code: 'kms-rotation-pending', exitCode: 1 });
  });

  test('the 26th rotation of a key is refused for good', async () => {
    const keyId = await newKey();
    for (let round = 0; round < 25; round++) {
      await kms.rotateKey(keyId);
      await kms.rotationStatus(keyId);
    }
    await expect(kms.rotateKey(keyId)).rejects.toMatchObject({ code: 'kms-limit', exitCode: 1 });
    expect(await kms.listMaterials(keyId)).toHaveLength(26);
  });

  test('a rotation whose answer is lost is asked for once: the status tells that it began', async () => {
    server.behave({ rotationCalls: 20 });
    const keyId = await newKey();
    server.loseAnswers(1);
    server.forget();
    await expect(kms.rotateKey(keyId)).rejects.toMatchObject({ code: 'kms-unreachable' });
    expect(server.calls.map(({ action }) => action)).toEqual(['RotateKeyOnDemand']);
    expect(await kms.rotationStatus(keyId)).toHaveProperty('inProgressSince');
  });

  test('a rotation that is throttled is asked for again', async () => {
    const keyId = await newKey();
    server.throttle(1);
    await kms.rotateKey(keyId);
    await kms.rotationStatus(keyId);
    expect(await kms.listMaterials(keyId)).toHaveLength(2);
  });

  test('a request that is throttled is sent again, and given up in the end', async () => {
    const keyId = await newKey();
    const wrapped = (await kms.generateDataKey(keyId, context)).wrapped;
    server.throttle(2);
    const same = { keyId, context };
    expect(await kms.reEncrypt({ ciphertext: wrapped, from: same, to: same })).toHaveProperty('ciphertext');
    server.throttle(3);
    await expect(kms.reEncrypt({ ciphertext: wrapped, from: same, to: same })).rejects.toMatchObject({
      code: 'kms-unavailable',
    });
  });

  test.each<readonly [string, (keyId: string, ciphertext: Uint8Array) => Promise<unknown>]>([
    ['RotateKeyOnDemand', (keyId) => kms.rotateKey(keyId)],
    ['GetKeyRotationStatus', (keyId) => kms.rotationStatus(keyId)],
    ['ListKeyRotations', (keyId) => kms.listMaterials(keyId)],
    ['GenerateDataKeyWithoutPlaintext', (keyId) => kms.currentMaterial(keyId)],
    [
      'ReEncryptTo',
      (keyId, ciphertext) => {
        const same = { keyId, context };
        return kms.reEncrypt({ ciphertext, from: same, to: same });
      },
    ],
    ['UpdateAlias', (keyId) => kms.moveAlias('alias/denied', keyId)],
    ['GetKeyLastUsage', (keyId) => kms.lastUse(keyId)],
    ['DisableKey', (keyId) => kms.disableKey(keyId)],
  ])('%s that is not allowed is told as that, with the right that is missing', async (action, ask) => {
    const keyId = await newKey();
    const ciphertext = await kms.encrypt(keyId, randomBytes(32), context);
    server.deny(action);
    await expect(ask(keyId, ciphertext)).rejects.toMatchObject({
      code: 'kms-access-denied',
      exitCode: 1,
      hints: [expect.stringContaining(`kms:${action}`)],
    });
  });

  test('a rewrapping names both keys and both contexts', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const ciphertext = await kms.encrypt(one, randomBytes(32), context);
    server.forget();
    await kms.reEncrypt({
      ciphertext,
      from: { keyId: one, context },
      to: { keyId: two, context: { a: 'b' } },
    });
    expect(server.calls).toEqual([
      {
        action: 'ReEncrypt',
        body: {
          CiphertextBlob: Buffer.from(ciphertext).toString('base64'),
          SourceKeyId: one,
          SourceEncryptionContext: context,
          DestinationKeyId: two,
          DestinationEncryptionContext: { a: 'b' },
        },
      },
    ]);
  });

  test('nothing is asked about an alias', async () => {
    server.forget();
    const alias = { keyId: 'alias/mail', context };
    const refused = { code: 'kms-alias', exitCode: 2 };
    await expect(kms.decrypt(alias.keyId, randomBytes(32), context)).rejects.toMatchObject(refused);
    await expect(kms.encrypt(alias.keyId, randomBytes(32), context)).rejects.toMatchObject(refused);
    const request = { ciphertext: randomBytes(32), from: alias, to: alias };
    await expect(kms.reEncrypt(request)).rejects.toMatchObject(refused);
    expect(server.calls).toEqual([]);
  });

  test('the last use of a key is told, its absence too, and what an older server cannot tell', async () => {
    const keyId = await newKey();
    const { created } = await kms.describeKey(keyId);
    expect(await kms.lastUse(keyId)).toEqual({ known: 'unused', since: created });
    const ciphertext = await kms.encrypt(keyId, randomBytes(32), context);
    expect(await kms.lastUse(keyId)).toMatchObject({ known: 'used', operation: 'Encrypt' });
    await kms.decrypt(keyId, ciphertext, context);
    const last = await kms.lastUse(keyId);
    expect(last).toMatchObject({ known: 'used', operation: 'Decrypt', at: expect.any(Date) });
    server.lack('GetKeyLastUsage');
    expect(await kms.lastUse(keyId)).toMatchObject({ known: 'unknown' });
    await expect(kms.lastUse('alias/mail')).rejects.toMatchObject({ code: 'kms-alias' });
  });

  test("the account of a key stands in its name, for a plan's fingerprint", async () => {
    const { arn } = await kms.describeKey(await newKey());
    expect(keyAccount(arn)).toEqual({ accountId: server.account, region: server.region });
  });

  test('an alias of AWS that has no key yet is listed without one', async () => {
    const found = [];
    for await (const alias of kms.listAliases()) found.push(alias);
    expect(found).toContainEqual({ name: 'alias/aws/s3' });
  });
});
