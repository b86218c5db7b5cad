import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import {
  type DsseSigner,
  ed25519Signer,
  keyIdOf,
  pae,
  signEnvelope,
  verifyEnvelope,
} from '../../src/lib/crypto/dsse.ts';

const payloadType = 'application/vnd.in-toto+json';
const payload = Buffer.from('{"subject":[]}');
const integrity = (code: string) => expect.objectContaining({ exitCode: ExitCode.integrity, code });

function ed25519() {
  return generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function p256(dsaEncoding: 'der' | 'ieee-p1363'): {
  readonly publicKey: string;
  readonly signer: DsseSigner;
} {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    publicKey: pem,
    signer: {
      keyId: keyIdOf(pem),
      sign: (message) => Promise.resolve(sign('sha256', message, { key: privateKey, dsaEncoding })),
    },
  };
}

/** The test vector of the DSSE protocol, version 1.0.0 (secure-systems-lab/dsse, protocol.md). */
const published = {
  envelope: {
    payload: 'aGVsbG8gd29ybGQ=',
    payloadType: 'http://example.com/HelloWorld',
    signatures: [
      { sig: 'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==' },
    ],
  },
  x: 46950820868899156662930047687818585632848591499744589407958293238635476079160n,
  y: 5640078356564379163099075877009565129882514886557779369047442380624545832820n,
};

function publishedKey(): string {
  const coordinate = (value: bigint) =>
    Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(published.x), y: coordinate(published.y) };
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}

describe('pae', () => {
  it('gives the published encoding', () => {
    const encoded = pae('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('counts bytes, not characters', () => {
    expect(Buffer.from(pae('é', new Uint8Array())).toString()).toBe('DSSEv1 2 é 0 ');
  });
});

describe('verifyEnvelope', () => {
  it('accepts the published envelope', () => {
    expect(verifyEnvelope(published.envelope, [publishedKey()])).toEqual({
      payloadType: 'http://example.com/HelloWorld',
      payload: Buffer.from('hello world'),
      keyIds: [keyIdOf(publishedKey())],
    });
  });

  it('names the trusted keys that signed, and ignores strangers', async () => {
    const [ours, stranger, silent] = [ed25519(), ed25519(), ed25519()];
    const kms = p256('der');
    const envelope = await signEnvelope({
      payloadType,
      payload,
      signers: [ed25519Signer(stranger.privateKey), ed25519Signer(ours.privateKey), kms.signer],
    });
    const verified = verifyEnvelope(structuredClone(envelope), [
      silent.publicKey,
      kms.publicKey,
      ours.publicKey,
    ]);
    expect(verified).toEqual({
      payloadType,
      payload,
      keyIds: [keyIdOf(kms.publicKey), keyIdOf(ours.publicKey)],
    });
  });

  it('accepts both forms of an ECDSA signature', async () => {
    for (const form of ['der', 'ieee-p1363'] as const) {
      const { publicKey, signer } = p256(form);
      const envelope = await signEnvelope({ payloadType, payload, signers: [signer] });
      expect(verifyEnvelope(envelope, [publicKey]).payload).toEqual(payload);
    }
  });

  it('does not trust the key id', async () => {
    const [ours, stranger] = [ed25519(), ed25519()];
    const envelope = await signEnvelope({
      payloadType,
      payload,
      signers: [ed25519Signer(stranger.privateKey)],
    });
    const disguised = envelope.signatures.map(({ sig }) => ({ sig, keyid: keyIdOf(ours.publicKey) }));
    expect(() => verifyEnvelope({ ...envelope, signatures: disguised }, [ours.publicKey])).toThrow(
      integrity('signature-invalid'),
    );
    const [own] = (await signEnvelope({ payloadType, payload, signers: [ed25519Signer(ours.privateKey)] }))
      .signatures;
    const misnamed = { ...envelope, signatures: [{ ...own, keyid: 'somebody' }] };
    expect(verifyEnvelope(misnamed, [ours.publicKey]).keyIds).toEqual([keyIdOf(ours.publicKey)]);
  });

  it('refuses an envelope of strangers', async () => {
    const envelope = await signEnvelope({
      payloadType,
      payload,
      signers: [ed25519Signer(ed25519().privateKey)],
    });
    for (const trusted of [[], [ed25519().publicKey]]) {
      expect(() => verifyEnvelope(envelope, trusted)).toThrow(integrity('signer-unknown'));
    }
  });

  it('refuses any other payload, type or signature', async () => {
    const ours = ed25519();
    const envelope = await signEnvelope({ payloadType, payload, signers: [ed25519Signer(ours.privateKey)] });
    const flip = (text: string, bit: number) => {
      const bytes = Buffer.from(text, 'base64');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return bytes.toString('base64');
    };
    const [first] = envelope.signatures;
    const changed = [
      { ...envelope, payloadType: 'application/json' },
      ...Array.from({ length: payload.length * 8 }, (_, bit) => ({
        ...envelope,
        payload: flip(envelope.payload, bit),
      })),
      ...Array.from({ length: 64 * 8 }, (_, bit) => ({
        ...envelope,
        signatures: [{ ...first, sig: flip(first?.sig ?? '', bit) }],
      })),
    ];
    for (const bad of changed) {
      expect(() => verifyEnvelope(bad, [ours.publicKey])).toThrow(integrity('signature-invalid'));
    }
  });

  it('accepts URL-safe base64, and refuses characters that base64 decoders skip', async () => {
    const ours = ed25519();
    const envelope = await signEnvelope({
      payloadType,
      payload: Buffer.from([0xfb, 0xff]),
      signers: [ed25519Signer(ours.privateKey)],
    });
    expect(envelope.payload).toBe('+/8=');
    expect(verifyEnvelope({ ...envelope, payload: '-_8' }, [ours.publicKey]).keyIds).toHaveLength(1);
    for (const bad of ['+ /8=', '+/8=\n', '+_8=', '"+/8="']) {
      expect(() => verifyEnvelope({ ...envelope, payload: bad }, [ours.publicKey])).toThrow(
        integrity('envelope-malformed'),
      );
    }
  });

  it('answers any JSON with an integrity error', () => {
    const { publicKey } = ed25519();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.record({
            payloadType: fc.string(),
            payload: fc.base64String(),
            signatures: fc.array(fc.record({ keyid: fc.string(), sig: fc.base64String() })),
          }),
        ),
        (value) => {
          expect(() => verifyEnvelope(value, [publicKey, publishedKey()])).toThrow(
            expect.objectContaining({ exitCode: ExitCode.integrity }),
          );
        },
      ),
    );
  });

  it('refuses a trusted key of another kind', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    for (const key of [rsa.toString(), p384.toString(), 'hello']) {
      expect(() => verifyEnvelope(published.envelope, [key])).toThrow(
        expect.objectContaining({ exitCode: ExitCode.usage, code: 'signer-key-unreadable' }),
      );
    }
  });
});

describe('signEnvelope', () => {
  it('refuses to make an envelope without a signer', async () => {
    await expect(signEnvelope({ payloadType, payload, signers: [] })).rejects.toThrow(RangeError);
  });
});

describe('ed25519Signer', () => {
  it('refuses a public key, another kind of key, and text', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    for (const pem of [ed25519().publicKey, ec.toString(), 'hello']) {
      expect(() => ed25519Signer(pem)).toThrow(expect.objectContaining({ code: 'signer-key-unreadable' }));
    }
  });
});
