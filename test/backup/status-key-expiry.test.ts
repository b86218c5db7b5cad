import { assert, property, string, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { keyEnd } from '../../src/lib/backup/status/key-expiry.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../src/lib/crypto/openpgp-key-description.ts';

const pair = (days?: number) =>
  generateKeyPair({
    name: 'operations',
    email: 'operations@example.org',
    purpose: 'encrypt',
    ...(days !== undefined && { expiresInDays: days }),
  });

test('the end of a key is the one that openpgp tells', async () => {
  for (const days of [1, 400, 5000]) {
    const { publicKey } = await pair(days);
    const { encryption } = await describeKey(publicKey, new Date());
    if (!encryption.possible) throw new Error('the key cannot encrypt');
    expect(keyEnd(publicKey)).toEqual(encryption.until);
  }
});

test('what is no key has no end, whatever its bytes are', async () => {
  expect(keyEnd('')).toBeUndefined();
  const { publicKey } = await pair(10);
  const lines = publicKey.split('\n');
  assert(property(string(), (text) => void keyEnd(text)));
  assert(
    property(uint8Array({ maxLength: 300 }), (bytes) => {
      const body = Buffer.from(bytes).toString('base64');
      void keyEnd(`-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${body}\n-----END PGP PUBLIC KEY BLOCK-----\n`);
    }),
  );
  for (let cut = 0; cut < lines.length; cut += 1) void keyEnd(lines.slice(0, cut).join('\n'));
});
