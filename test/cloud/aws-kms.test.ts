import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAwsKms } from '../../src/lib/cloud/aws/kms.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { kmsAccessContract } from '../contract/kms-access.ts';
import { kmsServiceContract } from '../contract/kms-service.ts';
import { collect } from '../contract/object-store.ts';
import { answer, type FaultServer, lostAnswer, startFaultServer } from '../support/fault-server.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';

describeWith(['moto'], 'the AWS adapter against moto', ({ moto: path }) => {
  let moto: Moto;
  let kms: KmsService;

  beforeAll(async () => {
    moto = await startMoto(path);
    kms = await openAwsKms({ endpoint: moto.endpoint, region: moto.region, credentials: moto.credentials });
  });

  afterAll(() => moto?.stop());

  kmsServiceContract('AWS KMS', 'moto', () => kms);
  kmsAccessContract('AWS KMS', 'moto', () => kms);
});

describe('AWS KMS', () => {
  const keyId = '00000000-0000-4000-8000-000000000000';
  let server: FaultServer;
  let kms: KmsService;

  beforeAll(async () => {
    server = await startFaultServer();
    kms = await openAwsKms({
      endpoint: server.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'very-secret' },
      maxAttempts: 2,
      timeoutMs: 5_000,
    });
  });

  afterAll(() => server.stop());

  const kmsError = (status: number, type: string) =>
    answer(
      status,
      { 'content-type': 'application/x-amz-json-1.1' },
      JSON.stringify({ __type: type, message: 'because' }),
    );

  test.each([
    ['NotFoundException', 400, 'kms-key-missing', 1],
    ['DisabledException', 400, 'kms-key-unusable', 1],
    ['KMSInvalidStateException', 400, 'kms-key-unusable', 1],
    ['KeyUnavailableException', 500, 'kms-unavailable', 1],
    ['InvalidKeyUsageException', 400, 'kms-key-unusable', 1],
    ['InvalidCiphertextException', 400, 'kms-wrong-key', 5],
    ['IncorrectKeyException', 400, 'kms-wrong-key', 5],
    ['AccessDeniedException', 400, 'kms-access-denied', 1],
    ['UnrecognizedClientException', 400, 'kms-credentials', 1],
    ['ExpiredTokenException', 400, 'kms-credentials', 1],
    ['ThrottlingException', 400, 'kms-unavailable', 1],
    ['KMSInternalException', 500, 'kms-unavailable', 1],
    ['LimitExceededException', 400, 'kms-limit', 1],
    ['UnsupportedOperationException', 400, 'kms-unsupported', 2],
    ['SomethingNewException', 400, 'kms-failed', 1],
  ])('answering %s (%i) is told as %s', async (type, status, code, exitCode) => {
    server.script(kmsError(status, type));
    const attempt = kms.decrypt(keyId, randomBytes(64), {});
    await expect(attempt).rejects.toMatchObject({ name: 'PosternError', code, exitCode });
    await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining('very-secret') });
  });

  test('that throttles or loses an answer is asked again', async () => {
    const ok = answer(
      200,
      { 'content-type': 'application/x-amz-json-1.1' },
      JSON.stringify({ Plaintext: 'aGVsbG8=' }),
    );
    server.script(kmsError(400, 'ThrottlingException'), ok);
    expect(Buffer.from(await kms.decrypt(keyId, randomBytes(64), {})).toString()).toBe('hello');
    server.script(lostAnswer, ok);
    expect(Buffer.from(await kms.decrypt(keyId, randomBytes(64), {})).toString()).toBe('hello');
    expect(server.seen).toHaveLength(2);
  });

  test('is told exactly which key a ciphertext must belong to', async () => {
    server.script(
      answer(200, { 'content-type': 'application/x-amz-json-1.1' }, JSON.stringify({ Plaintext: 'eA==' })),
    );
    await kms.decrypt(keyId, randomBytes(64), { a: 'b' });
    expect(JSON.parse(server.seen[0]?.body.toString() ?? '')).toMatchObject({
      KeyId: keyId,
      EncryptionContext: { a: 'b' },
    });
  });

  test('is told that what it signs is a digest already', async () => {
    server.script(
      answer(200, { 'content-type': 'application/x-amz-json-1.1' }, JSON.stringify({ Signature: 'eA==' })),
    );
    const digest = randomBytes(32);
    await kms.sign(keyId, digest);
    expect(JSON.parse(server.seen[0]?.body.toString() ?? '')).toEqual({
      KeyId: keyId,
      Message: digest.toString('base64'),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
  });

  test('is not asked about an alias at all', async () => {
    server.script(answer(200));
    await expect(kms.decrypt('alias/x', randomBytes(64), {})).rejects.toMatchObject({ code: 'kms-alias' });
    expect(server.seen).toHaveLength(0);
  });

  test('that is not there is unreachable', async () => {
    server.script(lostAnswer);
    await expect(kms.describeKey(keyId)).rejects.toMatchObject({ code: 'kms-unreachable' });
    await expect(collect(kms.listKeys())).rejects.toMatchObject({ code: 'kms-unreachable' });
  });

  test('that answers nonsense is not believed', async () => {
    server.script(answer(200, { 'content-type': 'application/x-amz-json-1.1' }, '{}'));
    await expect(kms.decrypt(keyId, randomBytes(64), {})).rejects.toMatchObject({ code: 'kms-failed' });
  });
});
