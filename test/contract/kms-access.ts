import { describe, expect, test } from 'vitest';
import type { GrantContext, KmsAccess } from '../../src/lib/cloud/kms-access.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import type { KmsServer } from './kms.ts';
import { collect } from './object-store.ts';

const grantee = 'arn:aws:iam::111122223333:role/mail-worker';
const operations = ['Decrypt', 'ReEncryptFrom', 'DescribeKey'] as const;
const equals: GrantContext = { equals: { purpose: 'column-key' } };
const includes: GrantContext = { includes: { profile: 'production' } };

/**
 * The promises about who may use a key, for services that have principals. moto makes two grants of the same name, and
 * takes any text for a policy.
 */
export function kmsAccessContract(title: string, server: KmsServer, make: () => KmsService): void {
  const testFaithful = server === 'faithful' ? test : () => {};

  async function newKey(): Promise<{ readonly access: KmsAccess; readonly keyId: string }> {
    const kms = make();
    const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
    if (kms.access === undefined) throw new Error('this service has no principals');
    return { access: kms.access, keyId };
  }

  describe(`${title} as what says who may use a key`, () => {
    test('grants under a context, lists and revokes', async () => {
      const { access, keyId } = await newKey();
      expect(await collect(access.listGrants(keyId))).toEqual([]);
      const ids = [];
      for (const [name, context] of [
        ['one', equals],
        ['two', includes],
        ['three', equals],
        ['four', equals],
      ] as const) {
        ids.push((await access.createGrant(keyId, { name, grantee, operations, context })).grantId);
      }
      const grants = await collect(access.listGrants(keyId));
      expect(grants).toHaveLength(4);
      expect(grants[0]).toMatchObject({ grantId: ids[0], name: 'one', grantee, operations, context: equals });
      expect(grants[1]).toMatchObject({ name: 'two', context: includes });
      await access.revokeGrant(keyId, ids[0] as string);
      expect((await collect(access.listGrants(keyId))).map(({ name }) => name)).toEqual([
        'two',
        'three',
        'four',
      ]);
    });

    testFaithful('makes no second grant of the same name and values', async () => {
      const { access, keyId } = await newKey();
      const grant = { name: 'worker', grantee, operations, context: equals };
      const first = await access.createGrant(keyId, grant);
      expect(await access.createGrant(keyId, grant)).toEqual(first);
      expect(await access.createGrant(keyId, { ...grant, context: includes })).not.toEqual(first);
      expect(await collect(access.listGrants(keyId))).toHaveLength(2);
    });

    testFaithful('revokes no grant that is not there, and grants no use of a disabled key', async () => {
      const kms = make();
      const { access, keyId } = await newKey();
      await expect(access.revokeGrant(keyId, 'a'.repeat(64))).rejects.toMatchObject({
        code: 'kms-grant-missing',
        exitCode: 1,
      });
      await kms.disableKey(keyId);
      const grant = { name: 'worker', grantee, operations, context: equals };
      await expect(access.createGrant(keyId, grant)).rejects.toMatchObject({ code: 'kms-key-unusable' });
    });

    test('reads and replaces the policy of a key', async () => {
      const { access, keyId } = await newKey();
      const policy = JSON.parse(await access.keyPolicy(keyId)) as { readonly Statement: readonly unknown[] };
      const reader = {
        Effect: 'Allow',
        Principal: { AWS: grantee },
        Action: 'kms:DescribeKey',
        Resource: '*',
      };
      const wider = JSON.stringify({ ...policy, Statement: [...policy.Statement, reader] });
      await access.putKeyPolicy(keyId, wider);
      expect(JSON.parse(await access.keyPolicy(keyId))).toEqual(JSON.parse(wider));
    });

    testFaithful('takes no policy that is none, or that locks its writer out', async () => {
      const { access, keyId } = await newKey();
      const before = await access.keyPolicy(keyId);
      for (const policy of ['no policy', '{}', '{"Statement": []}'])
        await expect(access.putKeyPolicy(keyId, policy)).rejects.toMatchObject({
          code: 'kms-policy-malformed',
          exitCode: 2,
        });
      expect(await access.keyPolicy(keyId)).toBe(before);
    });

    test('refuses aliases', async () => {
      const { access } = await newKey();
      const refused = { code: 'kms-alias', exitCode: 2 };
      const name = 'alias/mail';
      await expect(
        access.createGrant(name, { name: 'x', grantee, operations, context: equals }),
      ).rejects.toMatchObject(refused);
      await expect(collect(access.listGrants(name))).rejects.toMatchObject(refused);
      await expect(access.revokeGrant(name, 'a'.repeat(64))).rejects.toMatchObject(refused);
      await expect(access.keyPolicy(name)).rejects.toMatchObject(refused);
      await expect(access.putKeyPolicy(name, '{}')).rejects.toMatchObject(refused);
    });
  });
}
