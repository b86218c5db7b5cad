import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makePrivateKey, publicHalf } from '../../../src/lib/key/dkim/key-pair.ts';
import { parseDkimRecord, publicKeyText, recordText } from '../../../src/lib/key/dkim/record.ts';

const rsa = publicKeyText(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);
/** RFC 8463 §A.2. */
const ed25519 = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
/** RFC 6376 §C.2. */
const rfc6376 =
  'v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM\r\n' +
  'oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/R\r\n' +
  'tdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToI\r\n MmPSPDdQPNUYckcQ2QIDAQAB';

describe('a record that verifiers can use', () => {
  test('the examples of RFC 6376 and RFC 8463', () => {
    expect(parseDkimRecord(rfc6376)).toMatchObject({ record: { keyType: 'rsa', bits: 1024, flags: [] } });
    expect(parseDkimRecord(`v=DKIM1; k=ed25519; p=${ed25519}`)).toMatchObject({
      record: { keyType: 'ed25519', publicKey: ed25519, bits: 256 },
    });
  });
  test('tags come in any order, but for v=, with white space anywhere', () => {
    expect(
      parseDkimRecord(
        ` v = DKIM1 ;\tp = ${rsa.slice(0, 40)} ${rsa.slice(40)}; n=why not ; t = y : s; h=sha256;s=email;`,
      ),
    ).toEqual({
      record: {
        keyType: 'rsa',
        publicKey: rsa,
        bits: 2048,
        hashes: ['sha256'],
        services: ['email'],
        flags: ['y', 's'],
        unknownTags: [],
      },
    });
  });
  test('v= and k= may be missing, and unknown tags are passed over', () => {
    expect(parseDkimRecord(`x2=1; p=${rsa}; X=`)).toMatchObject({
      record: { keyType: 'rsa', unknownTags: ['x2', 'X'] },
    });
  });
  test('an RSAPublicKey is the same key as its SubjectPublicKeyInfo', () => {
    const der = createPublicKey({ key: Buffer.from(rsa, 'base64'), format: 'der', type: 'spki' });
    const pkcs1 = der.export({ type: 'pkcs1', format: 'der' }).toString('base64');
    expect(parseDkimRecord(`p=${pkcs1}`)).toMatchObject({ record: { publicKey: rsa } });
  });
  test('an empty p= is a revoked key', () => {
    expect(parseDkimRecord('v=DKIM1; p=')).toMatchObject({ record: { publicKey: '', bits: 0 } });
    expect(parseDkimRecord('v=DKIM1; k=ed25519; p= ;')).toMatchObject({ record: { publicKey: '' } });
  });
});

test.each([
  ['', 'it is empty'],
  ['v=spf1 -all', 'its version is spf1 -all, not DKIM1'],
  [`p=${rsa}; v=DKIM1`, 'v= is not the first tag'],
  [`v=DKIM1; p=${rsa}; p=${rsa}`, 'the tag p= is there twice'],
  ['v=DKIM1; k=rsa', 'it has no p= tag'],
  [`v=DKIM1; k=dsa; p=${rsa}`, 'its key type is dsa'],
  [`v=DKIM1;; p=${rsa}`, '"" is no tag'],
  ['v=DKIM1; p=not!base64', 'its p= is no rsa public key'],
  [`v=DKIM1; p=${rsa.slice(0, -8)}`, 'its p= is no rsa public key'],
  [`v=DKIM1; k=rsa; p=${ed25519}`, 'its p= is no rsa public key'],
  [`v=DKIM1; k=ed25519; p=${rsa}`, 'its p= is no ed25519 public key'],
  ['just a text', '"just a text" is no tag'],
  ['v=DKIM1; p="quoted\u0000"', '"p=\\"quoted\\u0000\\"" is no tag'],
])('%j is told what is wrong with it', (text, problem) => {
  expect(parseDkimRecord(text)).toEqual({ problem });
});

test('whatever the text, reading it ends with a record or a problem', () => {
  const piece = fc.constantFrom(
    'v=DKIM1',
    'k=rsa',
    'p=',
    'p=AAAA',
    ';',
    '=',
    ' ',
    '\t',
    ed25519,
    'k=ed25519',
    't=y',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => {
        const parsed = parseDkimRecord(text);
        expect('record' in parsed || parsed.problem.length > 0).toBe(true);
      },
    ),
  );
});

test.each(['rsa-2048', 'ed25519'] as const)(
  'a made key of %s has the record that is read from it',
  async (algorithm) => {
    const pem = await makePrivateKey(algorithm);
    const half = publicHalf(pem, 'made.pem');
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(parseDkimRecord(recordText(half.keyType, half.publicKey))).toMatchObject({ record: half });
  },
);

test('a file without a private key is refused without being quoted', () => {
  expect(() => publicHalf('secret nonsense', 'x.pem')).toThrow(
    /^x\.pem is no private key in PEM that opens without a passphrase$/,
  );
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  expect(() => publicHalf(pem, 'x.pem')).toThrow(expect.objectContaining({ code: 'dkim-key-type' }));
});
