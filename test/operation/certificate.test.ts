import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PosternError } from '../../src/lib/base/error.ts';
import { createLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { type DsseSigner, ed25519Signer, signEnvelope } from '../../src/lib/crypto/dsse.ts';
import {
  readCertificate,
  type Statement,
  signCertificate,
  verifyCertificate,
} from '../../src/lib/operation/certificate.ts';
import { makeCertificateKeys } from '../../src/lib/operation/certificate-keys.ts';
import { kmsPublicKeyPem, kmsSigner } from '../../src/lib/operation/certificate-signer.ts';
import { describeWith } from '../support/optional.ts';

interface Signing {
  readonly signer: DsseSigner;
  readonly publicPem: string;
}

const statement: Statement = {
  subject: [{ name: 'plan', digest: { sha256: 'ab'.repeat(32) } }],
  predicateType: 'urn:postern:predicate:toy:v1',
  predicate: { name: 'Zoë', rows: 3 },
};
let folder: string;
let signings: { readonly ed25519: Signing; readonly kms: Signing };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-certificate-'));
  const files = await makeCertificateKeys(join(folder, 'keys'));
  const kms = await createLocalKms({
    path: join(folder, 'kms.json'),
    unlock: { passphrase: 'test' },
    scryptLogN: 14,
  });
  const { keyId } = await kms.createKey({ usage: 'sign', description: 'certificates' });
  signings = {
    ed25519: {
      signer: ed25519Signer(await readFile(files.secretKeyFile, 'utf8')),
      publicPem: await readFile(files.publicKeyFile, 'utf8'),
    },
    kms: { signer: await kmsSigner(kms, keyId), publicPem: await kmsPublicKeyPem(kms, keyId) },
  };
});
afterAll(() => rm(folder, { recursive: true }));

async function certificateText(signer: DsseSigner): Promise<string> {
  return JSON.stringify((await signCertificate(statement, signer)).envelope);
}

describe.each(['ed25519', 'kms'] as const)('a certificate signed by %s', (name) => {
  test('verifies, and says what was signed and by which key', async () => {
    const { signer, publicPem } = signings[name];
    const { id, envelope } = await signCertificate(statement, signer);
    const verified = verifyCertificate(JSON.stringify(envelope), [signings.ed25519.publicPem, publicPem]);
    expect(verified).toMatchObject({ id, statement, keyIds: [signer.keyId] });
    expect(id).toBe(createHash('sha256').update(Buffer.from(envelope.payload, 'base64')).digest('hex'));
  });

  test('is refused under another key', async () => {
    const other = signings[name === 'kms' ? 'ed25519' : 'kms'].publicPem;
    const text = await certificateText(signings[name].signer);
    expect(() => verifyCertificate(text, [other])).toThrow(expect.objectContaining({ exitCode: 5 }));
    expect(() => verifyCertificate(text, [])).toThrow(expect.objectContaining({ exitCode: 5 }));
  });

  test('does not survive the change of any bit of its payload or signature', async () => {
    const { signer, publicPem } = signings[name];
    const { envelope } = await signCertificate(statement, signer);
    const flip = (base64: string, bit: number): string => {
      const bytes = Buffer.from(base64, 'base64');
      const index = Math.floor(bit / 8) % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit % 8));
      return bytes.toString('base64');
    };
    const [signature] = envelope.signatures;
    fc.assert(
      fc.property(fc.nat(10_000), fc.boolean(), (bit, inPayload) => {
        const changed = inPayload
          ? { ...envelope, payload: flip(envelope.payload, bit) }
          : { ...envelope, signatures: [{ ...signature, sig: flip(signature?.sig ?? '', bit) }] };
        expect(() => verifyCertificate(JSON.stringify(changed), [publicPem])).toThrow(
          expect.objectContaining({ exitCode: 5 }),
        );
      }),
    );
  });
});

test('a signed envelope that holds anything but a statement is no certificate', async () => {
  const { signer, publicPem } = signings.ed25519;
  const sign = async (payloadType: string, text: string): Promise<string> =>
    JSON.stringify(await signEnvelope({ payloadType, payload: Buffer.from(text), signers: [signer] }));
  const good = Buffer.from((await signCertificate(statement, signer)).envelope.payload, 'base64').toString();
  const type = 'application/vnd.in-toto+json';
  expect(() => verifyCertificate(good, [publicPem])).toThrow(expect.objectContaining({ exitCode: 5 }));
  for (const text of [
    await sign('text/plain', good),
    await sign(type, '{}'),
    await sign(type, 'hello'),
    await sign(type, good.replace('Statement/v1', 'Statement/v9')),
  ]) {
    expect(() => verifyCertificate(text, [publicPem])).toThrow(
      expect.objectContaining({ exitCode: 5, code: 'certificate-malformed' }),
    );
  }
  expect(verifyCertificate(await sign(type, good), [publicPem]).statement).toEqual(statement);
});

test('whatever the file holds, reading it ends in an integrity error and never in a bug', () => {
  const { publicPem } = signings.ed25519;
  const isIntegrityError = (work: () => unknown): boolean => {
    try {
      work();
      return false;
    } catch (error) {
      return error instanceof PosternError && error.exitCode === 5;
    }
  };
  const part = fc.option(fc.oneof(fc.string(), fc.base64String(), fc.integer()), { nil: undefined });
  const envelope = fc.record({
    payloadType: part,
    payload: part,
    signatures: fc.oneof(part, fc.array(fc.record({ keyid: part, sig: part }))),
  });
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    envelope.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(
      text,
      (value) =>
        isIntegrityError(() => verifyCertificate(value, [publicPem])) &&
        isIntegrityError(() => readCertificate(value)),
    ),
  );
});

test('a signing key is readable by its owner only, and is never overwritten', async () => {
  const keys = join(folder, 'once');
  const { secretKeyFile, publicKeyFile } = await makeCertificateKeys(keys);
  const secret = await readFile(secretKeyFile, 'utf8');
  expect((await stat(secretKeyFile)).mode & 0o777).toBe(0o600);
  await expect(makeCertificateKeys(keys)).rejects.toMatchObject({
    exitCode: 6,
    code: 'certificate-keys-exist',
  });
  await rm(publicKeyFile);
  await expect(makeCertificateKeys(keys)).rejects.toMatchObject({
    exitCode: 6,
    code: 'certificate-keys-exist',
  });
  expect(await readFile(secretKeyFile, 'utf8')).toBe(secret);
});

describeWith(['openssl', 'jq'], 'the commands in docs/formats/certificate.md', () => {
  const order = ['ed25519', 'kms'] as const;

  /** Runs the document's shell block for this kind of key in a folder with the two files. */
  async function runDocumented(name: 'ed25519' | 'kms', certificate: string): Promise<string> {
    const document = await readFile(new URL('../../docs/formats/certificate.md', import.meta.url), 'utf8');
    const blocks = [...document.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
    expect(blocks).toHaveLength(2);
    const cwd = await mkdtemp(join(folder, 'openssl-'));
    await mkdir(cwd, { recursive: true });
    await writeFile(join(cwd, 'certificate.json'), certificate);
    await writeFile(join(cwd, 'signer.pub.pem'), signings[name].publicPem);
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', blocks[order.indexOf(name)] ?? ''], {
      cwd,
    });
    return stdout;
  }

  test.each(order)('accept a certificate signed by %s and show its statement', async (name) => {
    const stdout = await runDocumented(name, await certificateText(signings[name].signer));
    expect(stdout).toContain('urn:postern:predicate:toy:v1');
    expect(stdout).toContain('Zoë');
  });

  test.each(order)('refuse a certificate of %s whose payload was changed, and show nothing', async (name) => {
    const { envelope } = await signCertificate(statement, signings[name].signer);
    const text = Buffer.from(envelope.payload, 'base64').toString().replace('"rows":3', '"rows":4');
    const changed = { ...envelope, payload: Buffer.from(text).toString('base64') };
    const error: unknown = await runDocumented(name, JSON.stringify(changed)).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 1 });
    expect(error).not.toMatchObject({ stdout: expect.stringContaining('Zoë') });
  });

  test('refuse a certificate by somebody else', async () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await expect(runDocumented('ed25519', await certificateText(ed25519Signer(pem)))).rejects.toMatchObject({
      code: 1,
    });
  });
});
