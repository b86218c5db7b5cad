import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { rotationSettled } from '../../src/lib/cloud/kms-settled.ts';
import type { KmsServer } from './kms.ts';

const context = { purpose: 'column-key', subject: '42' };

/** The promises of `Kms.reEncrypt`. moto opens with whichever key made a ciphertext, and knows no states or materials. */
export function kmsRewrapContract(title: string, server: KmsServer, make: () => KmsService): void {
  const testFaithful = server === 'faithful' ? test : () => {};
  const newKey = (kms: KmsService) => kms.createKey({ usage: 'encrypt', description: '' });

  describe(`${title} as what rewraps`, () => {
    test('moves a ciphertext to another key and context', async () => {
      const kms = make();
      const [old, next] = [await newKey(kms), await newKey(kms)];
      const plaintext = randomBytes(32);
      const ciphertext = await kms.encrypt(old.keyId, plaintext, context);
      const moved = { ...context, version: '2' };
      const to = { keyId: next.arn, context: moved };
      const rewrapped = await kms.reEncrypt({ ciphertext, from: { keyId: old.arn, context }, to });
      const opened = await kms.decrypt(next.keyId, rewrapped.ciphertext, moved);
      expect(Buffer.from(opened).equals(plaintext)).toBe(true);
      await expect(kms.decrypt(next.keyId, rewrapped.ciphertext, context)).rejects.toMatchObject({
        code: 'kms-wrong-key',
      });
      expect(Buffer.from(await kms.decrypt(old.keyId, ciphertext, context)).equals(plaintext)).toBe(true);
    });

    testFaithful('moves a ciphertext to the newest material of its own key, and names both', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const { wrapped, plaintext, materialId } = await kms.generateDataKey(keyId, context);
      await kms.rotateKey(keyId);
      const newest = await rotationSettled(kms, keyId, materialId, { everyMs: 1, timeoutMs: 10_000 });
      const same = { keyId, context };
      const rewrapped = await kms.reEncrypt({ ciphertext: wrapped, from: same, to: same });
      expect(rewrapped).toMatchObject({ sourceMaterialId: materialId, destinationMaterialId: newest });
      expect(newest).not.toBe(materialId);
      const again = await kms.reEncrypt({ ciphertext: rewrapped.ciphertext, from: same, to: same });
      expect(again).toMatchObject({ sourceMaterialId: newest, destinationMaterialId: newest });
      expect(Buffer.from(await kms.decrypt(keyId, again.ciphertext, context)).equals(plaintext)).toBe(true);
    });

    test('opens nothing under another context, and nothing that was changed', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const ciphertext = await kms.encrypt(keyId, randomBytes(32), context);
      const to = { keyId, context };
      const wrong = { code: 'kms-wrong-key', exitCode: 5 };
      const other = { keyId, context: { ...context, subject: '43' } };
      await expect(kms.reEncrypt({ ciphertext, from: other, to })).rejects.toMatchObject(wrong);
      const changed = Buffer.from(ciphertext);
      changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
      await expect(kms.reEncrypt({ ciphertext: changed, from: to, to })).rejects.toMatchObject(wrong);
    });

    testFaithful('opens nothing of a key other than the one it is told', async () => {
      const kms = make();
      const [one, two] = [await newKey(kms), await newKey(kms)];
      const ciphertext = await kms.encrypt(one.keyId, randomBytes(32), context);
      const from = { keyId: two.keyId, context };
      await expect(kms.reEncrypt({ ciphertext, from, to: from })).rejects.toMatchObject({
        code: 'kms-wrong-key',
        message: expect.stringContaining(two.keyId),
      });
    });

    test('refuses an alias on either side, and an unknown key', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const ciphertext = await kms.encrypt(keyId, randomBytes(32), context);
      const good = { keyId, context };
      const alias = { keyId: 'alias/mail', context };
      const missing = { keyId: '00000000-0000-4000-8000-000000000000', context };
      for (const request of [
        { from: alias, to: good },
        { from: good, to: alias },
      ])
        await expect(kms.reEncrypt({ ciphertext, ...request })).rejects.toMatchObject({ code: 'kms-alias' });
      await expect(kms.reEncrypt({ ciphertext, from: good, to: missing })).rejects.toMatchObject({
        code: 'kms-key-missing',
        message: expect.stringContaining(missing.keyId),
      });
    });

    testFaithful('uses no key that is disabled on either side, and names it', async () => {
      const kms = make();
      const [one, two] = [await newKey(kms), await newKey(kms)];
      const ciphertext = await kms.encrypt(one.keyId, randomBytes(32), context);
      await kms.disableKey(two.keyId);
      const from = { keyId: one.keyId, context };
      const to = { keyId: two.keyId, context };
      const unusable = (keyId: string) => ({
        code: 'kms-key-unusable',
        message: expect.stringContaining(`the key ${keyId} `),
      });
      await expect(kms.reEncrypt({ ciphertext, from, to })).rejects.toMatchObject(unusable(two.keyId));
      await kms.enableKey(two.keyId);
      await kms.disableKey(one.keyId);
      await expect(kms.reEncrypt({ ciphertext, from, to })).rejects.toMatchObject(unusable(one.keyId));
    });
  });
}
