import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signDigest } from '../../src/lib/cloud/local/ecdsa-p256.ts';

/** DER SEQUENCE { INTEGER r, INTEGER s } to both numbers in hex. */
function numbers(signature: Uint8Array): readonly string[] {
  const bytes = Buffer.from(signature);
  const lengthOfR = bytes.readUInt8(3);
  const r = bytes.subarray(4, 4 + lengthOfR);
  const s = bytes.subarray(6 + lengthOfR);
  return [r, s].map((number) =>
    BigInt(`0x${number.toString('hex')}`)
      .toString(16)
      .padStart(64, '0'),
  );
}

// RFC 6979, A.2.5.
const d = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721';
const x = '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6';
const y = '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299';
const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
const key = createPrivateKey({
  key: { kty: 'EC', crv: 'P-256', d: base64(d), x: base64(x), y: base64(y) },
  format: 'jwk',
});

test.each([
  [
    'sample',
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
    'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  ],
  [
    'test',
    'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
    '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  ],
])('the signature of %j is the one that RFC 6979 A.2.5 gives', (message, r, s) => {
  const signature = signDigest(key, createHash('sha256').update(message).digest());
  expect(numbers(signature)).toEqual([r, s]);
  expect(verify('sha256', Buffer.from(message), createPublicKey(key), signature)).toBe(true);
});

test('OpenSSL accepts the signature of any message under any key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const signature = signDigest(privateKey, createHash('sha256').update(message).digest());
      expect(verify('sha256', message, publicKey, signature)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('a digest above the order of the group is reduced, not refused', () => {
  expect(signDigest(key, Buffer.alloc(32, 0xff))).toBeInstanceOf(Uint8Array);
});
