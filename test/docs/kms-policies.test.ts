import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAwsKms } from '../../src/lib/cloud/aws/kms.ts';
import type { KmsAccess } from '../../src/lib/cloud/kms-access.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { rotationSettled } from '../../src/lib/cloud/kms-settled.ts';
import { collect } from '../contract/object-store.ts';
import { type KmsTestServer, startKmsServer } from '../support/kms-server.ts';

const context = { account: '42' };
const settled = { everyMs: 1, timeoutMs: 10_000 };

let server: KmsTestServer;
let kms: KmsService;
let access: KmsAccess;
let text: string;

beforeAll(async () => {
  text = await readFile(new URL('../../docs/kms.md', import.meta.url), 'utf8');
  server = await startKmsServer();
  kms = await openAwsKms({ ...server, maxAttempts: 2 });
  if (kms.access === undefined) throw new Error('AWS has principals');
  access = kms.access;
});

afterAll(() => server.stop());

/** What the statements below this beginning of a paragraph allow. */
function allowed(paragraph: string): readonly string[] {
  const [, after = ''] = text.split(`**${paragraph}`);
  const json = /```json\n([\s\S]*?)```/.exec(after)?.[1] ?? '[]';
  const statements = JSON.parse(json) as readonly { readonly Action: readonly string[] }[];
  return statements.flatMap(({ Action }) => Action);
}

/** The rights that these calls need: one each, of its name, except for rewrapping. */
function needed(): readonly string[] {
  const rights = server.calls.flatMap(({ action }) =>
    action === 'ReEncrypt' ? ['kms:ReEncryptFrom', 'kms:ReEncryptTo'] : [`kms:${action}`],
  );
  return [...new Set(rights)].toSorted();
}

const rewrap = async (from: string, to: string) => {
  const { wrapped } = await kms.generateDataKey(from, context);
  server.forget();
  const ends = { from: { keyId: from, context }, to: { keyId: to, context } };
  return kms.reEncrypt({ ciphertext: wrapped, ...ends });
};

const uses: readonly (readonly [string, (keyId: string, signer: string) => Promise<unknown>])[] = [
  [
    'Making and opening data keys,',
    async (keyId) => kms.decrypt(keyId, (await kms.generateDataKey(keyId, context)).wrapped, context),
  ],
  [
    'Sealing secrets',
    async (keyId) => kms.decrypt(keyId, await kms.encrypt(keyId, new Uint8Array(32), {}), {}),
  ],
  [
    "Rotating a key's material",
    async (keyId) => {
      await rewrap(keyId, keyId);
      await kms.describeKey(keyId);
      const before = await kms.currentMaterial(keyId);
      await kms.rotateKey(keyId);
      await rotationSettled(kms, keyId, before, settled);
      await kms.listMaterials(keyId);
    },
  ],
  [
    'Changing to a new key:',
    async (keyId) => {
      const next = await kms.createKey({ usage: 'encrypt', description: '' });
      await rewrap(keyId, next.keyId);
      await kms.createKey({ usage: 'encrypt', description: '' });
      await kms.describeKey(next.keyId);
      await kms.createAlias('alias/policies', keyId);
      await kms.moveAlias('alias/policies', next.keyId);
      await collect(kms.listAliases());
      await kms.deleteAlias('alias/policies');
      const grantee = 'arn:aws:iam::111122223333:role/worker';
      const grant = { name: 'w', grantee, operations: ['Decrypt'], context: { equals: context } } as const;
      const { grantId } = await access.createGrant(next.keyId, grant);
      await collect(access.listGrants(next.keyId));
      await access.revokeGrant(next.keyId, grantId);
      await access.putKeyPolicy(next.keyId, await access.keyPolicy(keyId));
    },
  ],
  [
    'Retiring and destroying a key.',
    async (keyId) => {
      await kms.describeKey(keyId);
      await collect(kms.listAliases(keyId));
      await collect(access.listGrants(keyId));
      await kms.lastUse(keyId);
      await kms.disableKey(keyId);
      await kms.scheduleKeyDeletion(keyId, 30);
      await kms.cancelKeyDeletion(keyId);
      await kms.enableKey(keyId);
    },
  ],
  [
    'Looking only:',
    async (keyId) => {
      await collect(kms.listKeys());
      await collect(kms.listAliases());
      await kms.rotationStatus(keyId);
      await kms.listMaterials(keyId);
      await kms.lastUse(keyId);
      await collect(access.listGrants(keyId));
      await access.keyPolicy(keyId);
    },
  ],
  [
    'Switching automatic rotation:',
    async (keyId) => {
      await kms.automaticRotation?.enable(keyId, 365);
      await kms.rotationStatus(keyId);
      await kms.automaticRotation?.disable(keyId);
    },
  ],
  [
    'Signing certificates',
    async (_, signer) => {
      await kms.sign(signer, new Uint8Array(32));
      await kms.publicKey(signer);
    },
  ],
];

describe('docs/kms.md', () => {
  test.each(uses)('grants exactly what it takes: %s', async (paragraph, use) => {
    const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
    const signer = await kms.createKey({ usage: 'sign', description: '' });
    server.forget();
    await use(keyId, signer.keyId);
    expect([...new Set(allowed(paragraph))].toSorted()).toEqual(needed());
  });

  test('has no list of rights that is not compared', () => {
    expect(text.match(/```json/g)).toHaveLength(uses.length);
  });

  test('names every code that the ports promise', async () => {
    const ports = [
      'kms',
      'kms-admin',
      'kms-rotation',
      'kms-aliases',
      'kms-access',
      'kms-error',
      'kms-settled',
    ];
    for (const port of ports) {
      const source = await readFile(new URL(`../../src/lib/cloud/${port}.ts`, import.meta.url), 'utf8');
      for (const [code] of source.matchAll(/kms-[a-z]+(?:-[a-z]+)*(?=['`])/g))
        expect(text, `${port}.ts: ${code}`).toContain(`\`${code}\``);
    }
  });
});
