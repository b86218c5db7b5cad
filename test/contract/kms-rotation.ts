import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { rotationSettled } from '../../src/lib/cloud/kms-settled.ts';
import type { KmsServer } from './kms.ts';

const context = { purpose: 'column-key', subject: '42' };
const settled = { everyMs: 1, timeoutMs: 10_000 };

/**
 * The promises about material. moto records that a rotation was asked for, and does none: it has one material, without
 * an id.
 */
export function kmsRotationContract(title: string, server: KmsServer, make: () => KmsService): void {
  const testFaithful = server === 'faithful' ? test : () => {};
  const newKey = (kms: KmsService) => kms.createKey({ usage: 'encrypt', description: '' });

  describe(`${title} as what rotates keys`, () => {
    test('begins with one material and no rotation', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      expect(await kms.rotationStatus(keyId)).toEqual({ automatic: { on: false } });
      const materials = await kms.listMaterials(keyId);
      expect(materials).toHaveLength(server === 'faithful' ? 1 : 0);
      for (const material of materials) expect(material).not.toHaveProperty('rotated');
    });

    test('still decrypts after a rotation what was encrypted before, and tells of the rotation', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const plaintext = randomBytes(32);
      const before = await kms.currentMaterial(keyId);
      const ciphertext = await kms.encrypt(keyId, plaintext, context);
      await kms.rotateKey(keyId);
      await rotationSettled(kms, keyId, before, settled);
      expect(Buffer.from(await kms.decrypt(keyId, ciphertext, context)).equals(plaintext)).toBe(true);
      const newest = (await kms.listMaterials(keyId)).at(-1);
      expect(newest?.rotation).toBe('on-demand');
      expect(Math.abs((newest?.rotated?.getTime() ?? 0) - Date.now())).toBeLessThan(120_000);
    });

    testFaithful('encrypts with the newest material, and lists the former ones oldest first', async () => {
      const kms = make();
      const { keyId, arn, currentMaterialId } = await newKey(kms);
      const ids = [await kms.currentMaterial(keyId)];
      expect(currentMaterialId).toBe(ids[0]);
      for (let round = 0; round < 4; round++) {
        await kms.rotateKey(arn);
        ids.push(await rotationSettled(kms, keyId, ids.at(-1), settled));
      }
      expect(new Set(ids).size).toBe(5);
      const materials = await kms.listMaterials(keyId);
      expect(materials.map(({ materialId }) => materialId)).toEqual(ids);
      expect(materials.map(({ state }) => state).join(' ')).toBe('former former former former current');
      expect((await kms.generateDataKey(keyId, context)).materialId).toBe(ids.at(-1));
      expect((await kms.describeKey(keyId)).currentMaterialId).toBe(ids.at(-1));
      expect(await kms.rotationStatus(keyId)).not.toHaveProperty('inProgressSince');
    });

    testFaithful('gives no two keys the same material', async () => {
      const kms = make();
      const [one, two] = [await newKey(kms), await newKey(kms)];
      expect(await kms.currentMaterial(one.keyId)).not.toBe(await kms.currentMaterial(two.keyId));
    });

    testFaithful('rotates no key that signs, and probes none', async () => {
      const kms = make();
      const { keyId, ...signer } = await kms.createKey({ usage: 'sign', description: '' });
      expect(signer).not.toHaveProperty('currentMaterialId');
      const unsupported = { code: 'kms-unsupported', exitCode: 2 };
      await expect(kms.rotateKey(keyId)).rejects.toMatchObject(unsupported);
      await expect(kms.rotationStatus(keyId)).rejects.toMatchObject(unsupported);
      await expect(kms.listMaterials(keyId)).rejects.toMatchObject(unsupported);
      await expect(kms.currentMaterial(keyId)).rejects.toMatchObject({ code: 'kms-key-unusable' });
    });

    testFaithful('rotates no key that is disabled or pending deletion, and still tells of it', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const unusable = { code: 'kms-key-unusable', exitCode: 1 };
      await kms.disableKey(keyId);
      await expect(kms.rotateKey(keyId)).rejects.toMatchObject(unusable);
      await kms.scheduleKeyDeletion(keyId, 7);
      await expect(kms.rotateKey(keyId)).rejects.toMatchObject(unusable);
      expect(await kms.listMaterials(keyId)).toHaveLength(1);
      expect(await kms.rotationStatus(keyId)).toEqual({ automatic: { on: false } });
    });

    test('refuses aliases and unknown keys', async () => {
      const kms = make();
      const missing = '00000000-0000-4000-8000-000000000000';
      for (const ask of [
        (keyId: string) => kms.rotateKey(keyId),
        (keyId: string) => kms.rotationStatus(keyId),
        (keyId: string) => kms.listMaterials(keyId),
        (keyId: string) => kms.currentMaterial(keyId),
      ]) {
        await expect(ask('alias/mail')).rejects.toMatchObject({ code: 'kms-alias', exitCode: 2 });
        await expect(ask(missing)).rejects.toMatchObject({ code: 'kms-key-missing', exitCode: 1 });
      }
    });

    test('switches the automatic rotation, where there is one', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const { automaticRotation } = kms;
      if (automaticRotation === undefined) return;
      for (const days of [89, 2561, 100.5])
        await expect(automaticRotation.enable(keyId, days)).rejects.toMatchObject({
          code: 'kms-rotation-period',
          exitCode: 2,
        });
      expect((await kms.rotationStatus(keyId)).automatic.on).toBe(false);
      await automaticRotation.enable(keyId, 180);
      const { automatic } = await kms.rotationStatus(keyId);
      expect(automatic).toMatchObject(server === 'faithful' ? { on: true, periodDays: 180 } : { on: true });
      await automaticRotation.disable(keyId);
      expect(await kms.rotationStatus(keyId)).toEqual({ automatic: { on: false } });
    });
  });
}
