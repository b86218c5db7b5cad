import { expect, test } from 'vitest';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { signerEnd } from '../../src/lib/crypto/openpgp-signer.ts';

const now = new Date('2026-03-01T00:00:00Z');
const pair = (changes: { readonly expiresInDays?: number; readonly purpose?: 'encrypt' | 'sign' }) =>
  generateKeyPair({ name: 's', email: 's@example.org', purpose: 'sign', now, ...changes });

test('a signer that ends is told with its end, and one that does not with none', async () => {
  const ending = await pair({ expiresInDays: 10 });
  expect(await signerEnd(ending.publicKey, now)).toEqual(new Date('2026-03-11T00:00:00Z'));
  expect(await signerEnd((await pair({})).publicKey, now)).toBeUndefined();
});

test('a signer that has ended cannot sign', async () => {
  const { publicKey } = await pair({ expiresInDays: 10 });
  const later = new Date('2026-03-12T00:00:00Z');
  await expect(signerEnd(publicKey, later)).rejects.toMatchObject({
    exitCode: 2,
    code: 'signer-cannot-sign',
  });
});
