import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openPgcryptoMessage } from '../../src/lib/crypto/pgcrypto-message.ts';

// Written by pgcrypto of PostgreSQL 18 under the passphrase 'correct horse'.
const written = {
  text: 'c30d04070302332f9ce0353a817d60d238013e66aee08359b623d8abee371d54884974bc727bd51658bed154eae7e6e307b533a4ac4266b04d72af409d6b45b47223ae40bb04271ffc',
  compressed:
    'c30d04090302f7ff972be8ab5bb564d23e01b0746e8a88c9940791f4d87fb5481e3e702767e96759dec2e0fa95e61ab228fff14c71bea783d998eb1615c5ae76ab0e6ef1a965980465c77a349d78ca',
  bytes:
    'c31e04070308ac5d3ec81c8caf7a677b86cb21e4d8cf22e7060c3bde68d65154d2350189ea168a6361bc451736769849b5d0be44256e11fe2a498d4dc437c7fb7b27703ea034651b7a8f0b0f0dd78e1dd54bc8cd1fa386',
  crlf: 'c30d0407030230afe805b2ffa3d179d23501ad6ca5da8a0c5527acbf9ac11316c3681c80b63d33c0a8c41c2e612ff2bd14d6849bfa07ddac26252e1dd0cc75f0a62c116f944b',
  simple:
    'c30c0407010224cda45413560718d236011fe63fb0c1356f6333cab8fbbaee8d56385006d6541d32e50f1a92ab7290eb7ba05922989d9b858647af13d9c5ba0dcfffe6757926',
  blowfish:
    'c30d040403028c46eeac3ee6a91879d22e016a4bea6c154fbd914f7468b4c2dce35df8e7d41cfde3eaddfe7b95a47404931c618b82151f2539a26c8584a9df',
  unprotected:
    'c30d04070302f42eb0240e89ba8b67c91fdb7f3e7a0d99912da50b2ed4fc5d9f324c8258945f679527f1a9fb490a4dee',
  other:
    'c30d04070302af1cb493732371a377d236019bca114c1abe57573c1fff70f42183f42193cd4c0fff0d1c2e83afbaeae6c675e9d0f7ae4b5f0521012fd2c46155a6b334e61b5a05',
  raw: 'c2061b83f59d43275cd62c8961779126',
};

const open = (name: keyof typeof written) =>
  openPgcryptoMessage(Buffer.from(written[name], 'hex'), 'correct horse');

test.each([
  ['text', 'tökén'],
  ['compressed', 'token '.repeat(20)],
  ['crlf', 'a\r\nb'],
  ['simple', 'token'],
  ['blowfish', 'token'],
] as const)('opens what pgp_sym_encrypt wrote: %s', async (name, expected) => {
  const opened = await open(name);
  expect(opened).toBeInstanceOf(Uint8Array);
  expect(Buffer.from(opened as Uint8Array).toString()).toBe(expected);
});

test('opens what pgp_sym_encrypt_bytea wrote, byte for byte', async () => {
  expect(Buffer.from((await open('bytes')) as Uint8Array).toString('hex')).toBe('00ff0d0a');
});

test.each([
  ['other', 'pgcrypto-not-opened'],
  ['unprotected', 'pgcrypto-not-opened'],
  ['raw', 'pgcrypto-no-message'],
] as const)('tells by a code why it does not open: %s', async (name, problem) => {
  expect(await open(name)).toEqual({ problem });
});

test('a message that was changed or cut off anywhere does not open', async () => {
  const bytes = Buffer.from(written.text, 'hex');
  // Behind the packet of the passphrase: there, a bit may be one that nobody reads.
  for (let at = 15; at < bytes.length; at += 3) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    expect(await openPgcryptoMessage(changed, 'correct horse')).toHaveProperty('problem');
    expect(await openPgcryptoMessage(bytes.subarray(0, at), 'correct horse')).toHaveProperty('problem');
  }
});

test('whatever the bytes are, it says that they are no message, and throws nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect(await openPgcryptoMessage(bytes, 'correct horse')).toHaveProperty('problem');
    }),
    { numRuns: 300 },
  );
});
