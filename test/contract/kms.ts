import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { collect } from './object-store.ts';

/**
 * moto falls short of AWS: it lets disabled keys work, decrypts with whichever key made the ciphertext, and hashes a
 * digest again although it is told that it is one. Those rules are tested on the faithful servers only.
 */
export type KmsServer = 'faithful' | 'moto';

const secret = () => randomBytes(32);
const context = { purpose: 'column-key', subject: '42' };

/** The promises of the `Kms` port. `make` gives an open service; each test makes keys of its own. */
export function kmsContract(title: string, server: KmsServer, make: () => KmsService): void {
  const testFaithful = server === 'faithful' ? test : () => {};

  describe(`${title} as a key management service`, () => {
    test('makes, describes and lists keys of both usages', async () => {
      const kms = make();
      const key = await kms.createKey({ usage: 'encrypt', description: 'mail columns' });
      const signer = await kms.createKey({ usage: 'sign', description: 'certificates' });
      expect(key).toMatchObject({ usage: 'encrypt', state: 'enabled', description: 'mail columns' });
      expect(signer).toMatchObject({ usage: 'sign', state: 'enabled', description: 'certificates' });
      expect(key.arn).toContain(key.keyId);
      expect(key).not.toHaveProperty('deletionDate');
      expect(Math.abs(key.created.getTime() - Date.now())).toBeLessThan(120_000);
      expect(await kms.describeKey(key.keyId)).toEqual(key);
      expect(await kms.describeKey(key.arn)).toEqual(key);
      const ids = (await collect(kms.listKeys())).map(({ keyId }) => keyId);
      expect(ids).toEqual(expect.arrayContaining([key.keyId, signer.keyId]));
      expect((await collect(kms.listKeys())).map(({ keyId }) => keyId)).toEqual(ids);
    });

    test('decrypts what it encrypted, by id and by ARN, from 1 to 4,096 bytes', async () => {
      const kms = make();
      const { keyId, arn } = await kms.createKey({ usage: 'encrypt', description: '' });
      for (const plaintext of [randomBytes(1), randomBytes(4096)]) {
        const ciphertext = await kms.encrypt(keyId, plaintext, context);
        expect(Buffer.from(ciphertext).includes(plaintext.subarray(0, 16)) && plaintext.length > 1).toBe(
          false,
        );
        expect(Buffer.from(await kms.decrypt(arn, ciphertext, context)).equals(plaintext)).toBe(true);
      }
    });

    test('never encrypts the same bytes to the same ciphertext', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      const plaintext = secret();
      const [a, b] = [await kms.encrypt(keyId, plaintext, {}), await kms.encrypt(keyId, plaintext, {})];
      expect(Buffer.from(a).equals(b)).toBe(false);
    });

    test('makes data keys of 32 bytes whose wrapped form opens to the clear one', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      const one = await kms.generateDataKey(keyId, context);
      const two = await kms.generateDataKey(keyId, context);
      expect(one.plaintext).toHaveLength(32);
      expect(Buffer.from(one.plaintext).equals(two.plaintext)).toBe(false);
      expect(Buffer.from(await kms.decrypt(keyId, one.wrapped, context)).equals(one.plaintext)).toBe(true);
    });

    test.each([
      ['another value', { ...context, subject: '43' }],
      ['one entry less', { purpose: 'column-key' }],
      ['one entry more', { ...context, more: '' }],
      ['none at all', {}],
      ['names and values glued otherwise', { purpose: 'column-keysubject', '42': '' }],
    ])('does not open under a context with %s', async (_, other) => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      const ciphertext = await kms.encrypt(keyId, secret(), context);
      await expect(kms.decrypt(keyId, ciphertext, other)).rejects.toMatchObject({
        code: 'kms-wrong-key',
        exitCode: 5,
      });
    });

    test('opens under the same context in another order', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      const plaintext = secret();
      const ciphertext = await kms.encrypt(keyId, plaintext, { a: '1', b: '2', ä: '3' });
      const opened = await kms.decrypt(keyId, ciphertext, { ä: '3', b: '2', a: '1' });
      expect(Buffer.from(opened).equals(plaintext)).toBe(true);
    });

    testFaithful('does not open a ciphertext of another key', async () => {
      const kms = make();
      const one = await kms.createKey({ usage: 'encrypt', description: '' });
      const two = await kms.createKey({ usage: 'encrypt', description: '' });
      const ciphertext = await kms.encrypt(one.keyId, secret(), context);
      await expect(kms.decrypt(two.keyId, ciphertext, context)).rejects.toMatchObject({
        code: 'kms-wrong-key',
      });
    });

    test('opens no ciphertext with a changed byte in its second half', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      const ciphertext = Buffer.from(await kms.encrypt(keyId, secret(), context));
      const position = fc.integer({ min: Math.floor(ciphertext.length / 2), max: ciphertext.length - 1 });
      await fc.assert(
        fc.asyncProperty(position, fc.integer({ min: 1, max: 255 }), async (index, change) => {
          const changed = Buffer.from(ciphertext);
          changed.writeUInt8(changed.readUInt8(index) ^ change, index);
          await expect(kms.decrypt(keyId, changed, context)).rejects.toMatchObject({ code: 'kms-wrong-key' });
        }),
        { numRuns: 30 },
      );
    });

    test('signs a digest so that anyone can verify it with the public half', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'sign', description: '' });
      const message = Buffer.from('certificate');
      const digest = createHash('sha256').update(message).digest();
      const signature = await kms.sign(keyId, digest);
      const key = createPublicKey({
        key: Buffer.from(await kms.publicKey(keyId)),
        format: 'der',
        type: 'spki',
      });
      expect(key.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
      expect(verify('sha256', server === 'faithful' ? message : digest, key, signature)).toBe(true);
      expect(verify('sha256', Buffer.from('Certificate'), key, signature)).toBe(false);
    });

    test('refuses what it could only do wrong: aliases, sizes, days', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      const alias = { code: 'kms-alias', exitCode: 2 };
      await expect(kms.encrypt('alias/mail', secret(), {})).rejects.toMatchObject(alias);
      await expect(kms.describeKey('arn:aws:kms:eu-central-1:1:alias/mail')).rejects.toMatchObject(alias);
      await expect(kms.decrypt('alias/mail', secret(), {})).rejects.toMatchObject(alias);
      await expect(kms.encrypt(keyId, randomBytes(4097), {})).rejects.toMatchObject({
        code: 'kms-plaintext-size',
      });
      await expect(kms.encrypt(keyId, new Uint8Array(), {})).rejects.toMatchObject({
        code: 'kms-plaintext-size',
      });
      await expect(kms.sign(keyId, randomBytes(20))).rejects.toMatchObject({
        code: 'kms-digest-size',
        exitCode: 2,
      });
      for (const days of [6, 31, 7.5]) {
        await expect(kms.scheduleKeyDeletion(keyId, days)).rejects.toMatchObject({
          code: 'kms-deletion-days',
        });
      }
      expect((await kms.describeKey(keyId)).state).toBe('enabled');
    });

    test('says that a key is missing', async () => {
      const kms = make();
      const keyId = '00000000-0000-4000-8000-000000000000';
      const missing = { code: 'kms-key-missing', exitCode: 1 };
      await expect(kms.describeKey(keyId)).rejects.toMatchObject(missing);
      await expect(kms.encrypt(keyId, secret(), {})).rejects.toMatchObject(missing);
      await expect(kms.generateDataKey(keyId, {})).rejects.toMatchObject(missing);
      await expect(kms.sign(keyId, secret())).rejects.toMatchObject(missing);
      await expect(kms.disableKey(keyId)).rejects.toMatchObject(missing);
    });

    test('disables and enables a key', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      await kms.disableKey(keyId);
      expect((await kms.describeKey(keyId)).state).toBe('disabled');
      await kms.enableKey(keyId);
      expect((await kms.describeKey(keyId)).state).toBe('enabled');
      expect(await kms.encrypt(keyId, secret(), {})).toBeInstanceOf(Uint8Array);
    });

    testFaithful('uses no key that is disabled or of the other usage', async () => {
      const kms = make();
      const key = await kms.createKey({ usage: 'encrypt', description: '' });
      const signer = await kms.createKey({ usage: 'sign', description: '' });
      const ciphertext = await kms.encrypt(key.keyId, secret(), {});
      const unusable = { code: 'kms-key-unusable', exitCode: 1 };
      await expect(kms.sign(key.keyId, secret())).rejects.toMatchObject(unusable);
      await expect(kms.publicKey(key.keyId)).rejects.toMatchObject(unusable);
      await expect(kms.encrypt(signer.keyId, secret(), {})).rejects.toMatchObject(unusable);
      await kms.disableKey(key.keyId);
      await kms.disableKey(signer.keyId);
      await expect(kms.encrypt(key.keyId, secret(), {})).rejects.toMatchObject(unusable);
      await expect(kms.decrypt(key.keyId, ciphertext, {})).rejects.toMatchObject(unusable);
      await expect(kms.generateDataKey(key.keyId, {})).rejects.toMatchObject(unusable);
      await expect(kms.sign(signer.keyId, secret())).rejects.toMatchObject(unusable);
    });

    test('schedules the deletion of a key, and leaves it disabled when that is cancelled', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      const { deletionDate } = await kms.scheduleKeyDeletion(keyId, 7);
      expect(Math.abs(deletionDate.getTime() - Date.now() - 7 * 86_400_000)).toBeLessThan(120_000);
      const pending = await kms.describeKey(keyId);
      expect(pending.state).toBe('pending-deletion');
      expect(Math.abs((pending.deletionDate?.getTime() ?? 0) - deletionDate.getTime())).toBeLessThan(1000);
      await kms.cancelKeyDeletion(keyId);
      const kept = await kms.describeKey(keyId);
      expect(kept.state).toBe('disabled');
      await kms.enableKey(keyId);
      expect((await kms.describeKey(keyId)).state).toBe('enabled');
    });

    testFaithful('neither uses, enables nor reschedules a key that is pending deletion', async () => {
      const kms = make();
      const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
      await expect(kms.cancelKeyDeletion(keyId)).rejects.toMatchObject({ code: 'kms-key-unusable' });
      await kms.scheduleKeyDeletion(keyId, 30);
      const unusable = { code: 'kms-key-unusable' };
      await expect(kms.encrypt(keyId, secret(), {})).rejects.toMatchObject(unusable);
      await expect(kms.enableKey(keyId)).rejects.toMatchObject(unusable);
      await expect(kms.disableKey(keyId)).rejects.toMatchObject(unusable);
      await expect(kms.scheduleKeyDeletion(keyId, 7)).rejects.toMatchObject(unusable);
    });
  });
}
