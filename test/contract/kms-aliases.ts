import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KmsAlias } from '../../src/lib/cloud/kms-aliases.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import type { KmsServer } from './kms.ts';
import { collect } from './object-store.ts';

/** The promises about aliases. */
export function kmsAliasContract(title: string, server: KmsServer, make: () => KmsService): void {
  const testFaithful = server === 'faithful' ? test : () => {};
  const fresh = () => `alias/mail/${randomBytes(6).toString('hex')}`;
  const newKey = (kms: KmsService) => kms.createKey({ usage: 'encrypt', description: '' });
  const targets = async (kms: KmsService, names: readonly string[]) => {
    const all: KmsAlias[] = await collect(kms.listAliases());
    return names.map((name) => all.find((alias) => alias.name === name)?.keyId);
  };

  describe(`${title} as what names keys`, () => {
    test('makes, lists, moves and deletes aliases', async () => {
      const kms = make();
      const [one, two] = [await newKey(kms), await newKey(kms)];
      const names = [fresh(), fresh(), fresh(), fresh()] as const;
      for (const name of names) await kms.createAlias(name, one.keyId);
      expect(await targets(kms, names)).toEqual([one.keyId, one.keyId, one.keyId, one.keyId]);
      const [first, last] = [names[0], names[3]];
      await kms.moveAlias(first, two.arn);
      expect(await targets(kms, [first])).toEqual([two.keyId]);
      expect(await collect(kms.listAliases(two.keyId))).toEqual([{ name: first, keyId: two.keyId }]);
      expect(await collect(kms.listAliases(one.arn))).toHaveLength(3);
      await kms.deleteAlias(last);
      expect(await targets(kms, [last])).toEqual([undefined]);
      expect((await kms.describeKey(one.keyId)).state).toBe('enabled');
    });

    test('makes no alias twice, and moves and deletes none that is not there', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const name = fresh();
      await kms.createAlias(name, keyId);
      await expect(kms.createAlias(name, keyId)).rejects.toMatchObject({
        code: 'kms-alias-exists',
        exitCode: 1,
      });
      const missing = { code: 'kms-alias-missing', exitCode: 1 };
      await expect(kms.moveAlias(fresh(), keyId)).rejects.toMatchObject(missing);
      await expect(kms.deleteAlias(fresh())).rejects.toMatchObject(missing);
    });

    test('names only keys that are there, by no alias', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const name = fresh();
      await kms.createAlias(name, keyId);
      const missing = '00000000-0000-4000-8000-000000000000';
      await expect(kms.createAlias(fresh(), missing)).rejects.toMatchObject({ code: 'kms-key-missing' });
      await expect(kms.moveAlias(name, missing)).rejects.toMatchObject({ code: 'kms-key-missing' });
      await expect(kms.createAlias(fresh(), name)).rejects.toMatchObject({ code: 'kms-alias' });
      await expect(kms.moveAlias(name, name)).rejects.toMatchObject({ code: 'kms-alias' });
      await expect(collect(kms.listAliases(name))).rejects.toMatchObject({ code: 'kms-alias' });
      expect(await targets(kms, [name])).toEqual([keyId]);
    });

    test.each(['mail', 'alias/', 'alias/aws/mail', 'alias/m:l', 'alias/m l', `alias/${'x'.repeat(251)}`])(
      'refuses the name %s',
      async (name) => {
        const kms = make();
        const { keyId } = await newKey(kms);
        const wrong = { code: 'kms-alias-name', exitCode: 2 };
        await expect(kms.createAlias(name, keyId)).rejects.toMatchObject(wrong);
        await expect(kms.moveAlias(name, keyId)).rejects.toMatchObject(wrong);
        await expect(kms.deleteAlias(name)).rejects.toMatchObject(wrong);
      },
    );

    test('encrypts and decrypts by no alias, even one that is there', async () => {
      const kms = make();
      const { keyId } = await newKey(kms);
      const name = fresh();
      await kms.createAlias(name, keyId);
      const refused = { code: 'kms-alias', exitCode: 2 };
      const ciphertext = await kms.encrypt(keyId, randomBytes(8), {});
      await expect(kms.encrypt(name, randomBytes(8), {})).rejects.toMatchObject(refused);
      await expect(kms.decrypt(name, ciphertext, {})).rejects.toMatchObject(refused);
      await expect(kms.generateDataKey(name, {})).rejects.toMatchObject(refused);
      await expect(kms.describeKey(name)).rejects.toMatchObject(refused);
      await expect(kms.disableKey(name)).rejects.toMatchObject(refused);
    });

    testFaithful(
      'points to no key that is pending deletion, nor moves to one of the other usage',
      async () => {
        const kms = make();
        const [one, two] = [await newKey(kms), await newKey(kms)];
        const signer = await kms.createKey({ usage: 'sign', description: '' });
        const name = fresh();
        await kms.createAlias(name, one.keyId);
        await expect(kms.moveAlias(name, signer.keyId)).rejects.toMatchObject({ exitCode: 1 });
        await kms.scheduleKeyDeletion(two.keyId, 7);
        const unusable = { code: 'kms-key-unusable' };
        await expect(kms.createAlias(fresh(), two.keyId)).rejects.toMatchObject(unusable);
        await expect(kms.moveAlias(name, two.keyId)).rejects.toMatchObject(unusable);
        expect(await targets(kms, [name])).toEqual([one.keyId]);
      },
    );
  });
}
