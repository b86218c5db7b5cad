import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openS3ObjectStore, type S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import { collect } from '../contract/object-store.ts';
import {
  answer,
  type Fault,
  type FaultServer,
  halfAnswer,
  lostAnswer,
  noAnswer,
  s3ErrorAnswer,
  startFaultServer,
} from '../support/fault-server.ts';

const text = (value: string) => new TextEncoder().encode(value);
const hex = (value: Uint8Array) => createHash('sha256').update(value).digest('hex');

let server: FaultServer;

beforeAll(async () => {
  server = await startFaultServer();
});

afterAll(() => server.stop());

const open = (options: Partial<S3ObjectStoreOptions> = {}) =>
  openS3ObjectStore({
    bucket: 'bucket',
    endpoint: server.endpoint,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'very-secret' },
    maxAttempts: 3,
    timeoutMs: 300,
    ...options,
  });

const stored = answer(200, { etag: '"x"', 'x-amz-version-id': 'v1' });

/** Answers HEAD with what an earlier PUT of this server was sent. */
const headOf = (index: number, change: Readonly<Record<string, string>> = {}): Fault => {
  return (request, response) => {
    const put = server.seen[index];
    const metadata = Object.entries(put?.headers ?? {}).filter(([name]) => name.startsWith('x-amz-meta-'));
    const headers = { ...Object.fromEntries(metadata), 'x-amz-version-id': 'first', ...change };
    answer(200, headers)(request, response);
  };
};

describe('a store that fails for a while', () => {
  test('is asked again after 503, and the PUT succeeds', async () => {
    server.script(s3ErrorAnswer(503, 'SlowDown'), s3ErrorAnswer(500, 'InternalError'), stored);
    expect(await (await open()).put('key', text('x'))).toMatchObject({ versionId: 'v1' });
    expect(server.seen.map(({ body }) => body.toString())).toEqual(['x', 'x', 'x']);
  });

  test('is given up after the last attempt, and called unavailable', async () => {
    server.script(s3ErrorAnswer(503, 'SlowDown'));
    await expect((await open()).put('key', text('x'))).rejects.toMatchObject({
      code: 'store-unavailable',
      exitCode: 1,
    });
    expect(server.seen).toHaveLength(3);
  });

  test('that stays silent is given up after the timeout', async () => {
    server.script(noAnswer);
    const started = performance.now();
    await expect((await open({ maxAttempts: 2 })).get('key')).rejects.toMatchObject({
      code: 'store-unreachable',
    });
    expect(server.seen).toHaveLength(2);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('that is not there is unreachable', async () => {
    const gone = await startFaultServer();
    const store = await open({ endpoint: gone.endpoint, maxAttempts: 2 });
    await gone.stop();
    const unreachable = { code: 'store-unreachable', exitCode: 1 };
    await expect(store.put('key', text('x'))).rejects.toMatchObject(unreachable);
    await expect(store.head('key')).rejects.toMatchObject(unreachable);
    await expect(collect(store.list(''))).rejects.toMatchObject(unreachable);
    await expect(store.capabilities()).rejects.toMatchObject(unreachable);
  });
});

describe('a store that refuses', () => {
  test('is named with the operation and the key, never with the credentials', async () => {
    server.script(s3ErrorAnswer(403, 'AccessDenied'));
    const store = await open();
    const operations = [
      store.put('key', text('x')),
      store.get('key'),
      store.head('key'),
      collect(store.list('')),
      collect(store.listVersions('')),
      store.delete('key'),
    ];
    for (const outcome of await Promise.allSettled(operations)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store-refused', exitCode: 1 } });
      const { message, hints } = (outcome as PromiseRejectedResult).reason as {
        message: string;
        hints: string[];
      };
      expect(message).toContain('s3://bucket');
      expect(message + hints.join()).not.toContain('very-secret');
      expect(hints).not.toHaveLength(0);
    }
  });

  test.each(['ExpiredToken', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed'])(
    'because of %s is a matter of credentials',
    async (code) => {
      server.script(s3ErrorAnswer(403, code));
      await expect((await open({ maxAttempts: 1 })).put('key', text('x'))).rejects.toMatchObject({
        code: 'store-credentials',
      });
    },
  );

  test('may not be asked about its capabilities, which are then unknown', async () => {
    server.script(s3ErrorAnswer(403, 'AccessDenied'));
    expect(await (await open()).capabilities()).toEqual({
      versioning: 'unknown',
      objectLock: 'unknown',
      defaultRetention: 'unknown',
      encryptionAtRest: 'unknown',
    });
  });

  test('in another region says so', async () => {
    server.script(s3ErrorAnswer(301, 'PermanentRedirect'));
    await expect((await open()).put('key', text('x'))).rejects.toMatchObject({
      code: 'store-wrong-region',
      exitCode: 2,
    });
  });

  test('retention because the bucket has no Object Lock says so', async () => {
    server.script(s3ErrorAnswer(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration'));
    const retention = { mode: 'compliance', until: new Date(Date.now() + 1e6) } as const;
    await expect((await open()).put('key', text('x'), { retention })).rejects.toMatchObject({
      code: 'store-no-object-lock',
    });
  });
});

describe('a conditional PUT', () => {
  const put = async (options: Partial<S3ObjectStoreOptions> = {}) =>
    (await open(options)).put('key', text('mine'), { ifNoneMatch: '*' });

  test('whose answer was lost, and whose retry finds its own object, has succeeded', async () => {
    server.script(lostAnswer, s3ErrorAnswer(412, 'PreconditionFailed'), headOf(0));
    expect(await put()).toMatchObject({ versionId: 'first', sha256: hex(text('mine')) });
    expect(server.seen.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'HEAD']);
  });

  test('whose answer was lost, but whose retry finds the object of another, fails', async () => {
    server.script(
      lostAnswer,
      s3ErrorAnswer(412, 'PreconditionFailed'),
      headOf(0, { 'x-amz-meta-postern-put': 'other' }),
    );
    await expect(put()).rejects.toMatchObject({ code: 'object-exists', exitCode: 6 });
  });

  test('whose retry finds equal bytes without a token has succeeded, and other bytes fail', async () => {
    const sums = (value: string) => answer(200, { 'x-amz-meta-postern-sha256': hex(text(value)) });
    server.script(lostAnswer, s3ErrorAnswer(412, 'PreconditionFailed'), sums('mine'));
    expect(await put()).toMatchObject({ size: 4 });
    server.script(lostAnswer, s3ErrorAnswer(412, 'PreconditionFailed'), sums('theirs'));
    await expect(put()).rejects.toMatchObject({ code: 'object-exists' });
  });

  test('that finds equal bytes at its first attempt fails, because another wrote them', async () => {
    server.script(
      s3ErrorAnswer(412, 'PreconditionFailed'),
      answer(200, { 'x-amz-meta-postern-sha256': hex(text('mine')) }),
    );
    await expect(put()).rejects.toMatchObject({ code: 'object-exists' });
  });

  test('fails when the store does not let it look at what is there', async () => {
    server.script(lostAnswer, s3ErrorAnswer(412, 'PreconditionFailed'), s3ErrorAnswer(403, 'AccessDenied'));
    await expect(put()).rejects.toMatchObject({ code: 'object-exists' });
  });

  test('is tried again after 409, and fails when that does not end', async () => {
    server.script(s3ErrorAnswer(409, 'ConditionalRequestConflict'), stored);
    expect(await put()).toMatchObject({ versionId: 'v1' });
    server.script(s3ErrorAnswer(409, 'ConditionalRequestConflict'));
    await expect(put()).rejects.toMatchObject({ code: 'object-exists' });
  });

  test('is never replaced by an unconditional one unless the configuration says so', async () => {
    const unknown: Fault = (request, response) =>
      (request.headers['if-none-match'] === undefined ? stored : s3ErrorAnswer(501, 'NotImplemented'))(
        request,
        response,
      );
    server.script(unknown);
    await expect(put({ maxAttempts: 1 })).rejects.toMatchObject({ code: 'store-no-conditional-put' });
    expect(server.seen.every(({ headers }) => headers['if-none-match'] === '*')).toBe(true);
    server.script(s3ErrorAnswer(404, 'NoSuchKey'), unknown);
    expect(await put({ conditionalPut: 'emulated' })).toMatchObject({ versionId: 'v1' });
    server.script(answer(200));
    await expect(put({ conditionalPut: 'emulated' })).rejects.toMatchObject({ code: 'object-exists' });
    expect(server.seen.map(({ method }) => method)).toEqual(['HEAD']);
  });
});

describe('a GET whose connection breaks', () => {
  const body = randomBytes(300_000);
  const headers = { etag: '"e"', 'x-amz-version-id': 'v7', 'x-amz-meta-postern-sha256': hex(body) };

  const rest: Fault = (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]);
    answer(206, headers, body.subarray(start))(request, response);
  };

  test('is taken up where it broke, on the same version', async () => {
    server.script(halfAnswer(headers, body, 100_000), rest);
    expect(Buffer.from(await (await open()).get('key')).equals(body)).toBe(true);
    expect(server.seen[1]?.headers['if-match']).toBe('"e"');
    expect(server.seen[1]?.url).toContain('versionId=v7');
  });

  test('again and again without a byte is given up, and yields no complete object', async () => {
    server.script(halfAnswer(headers, body, 100_000), (request, response) => {
      response.writeHead(206, { ...headers, 'content-length': '200000' });
      response.flushHeaders();
      setImmediate(() => lostAnswer(request, response));
    });
    await expect((await open()).get('key')).rejects.toMatchObject({ code: 'store-unreachable' });
  });

  test('that goes silent in the middle is taken up too', async () => {
    const silent: Fault = (_, response) => {
      response.writeHead(200, { ...headers, 'content-length': String(body.length) });
      response.write(body.subarray(0, 50_000));
    };
    server.script(silent, rest);
    expect(Buffer.from(await (await open()).get('key')).equals(body)).toBe(true);
  });

  test('and goes on with other bytes is found by the hash, before the last chunk is given out', async () => {
    const wrong: Fault = (request, response) => {
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]);
      answer(206, headers, Buffer.alloc(body.length - start))(request, response);
    };
    server.script(halfAnswer(headers, body, 100_000), wrong);
    let received = 0;
    const read = async () => {
      for await (const chunk of (await open()).getStream('key')) received += chunk.byteLength;
    };
    await expect(read()).rejects.toMatchObject({ code: 'object-corrupt', exitCode: 5 });
    expect(received).toBeLessThan(body.length);
  });
});

describe('a PUT', () => {
  const header = async (options: Partial<S3ObjectStoreOptions>) => {
    server.script(stored);
    await (await open(options)).put('key', text('x'));
    return server.seen[0]?.headers ?? {};
  };

  test('never sends a trailer or a chunked body', async () => {
    for (const checksum of ['auto', 'sha256', 'crc32', 'crc64nvme', 'md5', 'none'] as const) {
      const headers = await header({ checksum });
      expect(headers['x-amz-trailer']).toBeUndefined();
      expect(headers['content-encoding']).toBeUndefined();
      expect(headers['transfer-encoding']).toBeUndefined();
      expect(server.seen[0]?.body.toString()).toBe('x');
    }
  });

  test('carries the one checksum that was asked for, right', async () => {
    const sums = async (checksum: NonNullable<S3ObjectStoreOptions['checksum']>) =>
      Object.entries(await header({ checksum })).filter(([name]) =>
        /^(content-md5|x-amz-checksum-.*)$/.test(name),
      );
    expect(await sums('auto')).toEqual([['content-md5', createHash('md5').update('x').digest('base64')]]);
    expect(await sums('md5')).toEqual(await sums('auto'));
    expect(await sums('sha256')).toEqual([
      ['x-amz-checksum-sha256', createHash('sha256').update('x').digest('base64')],
    ]);
    // CRC-32 of "x" is 8cdc1683.
    expect(await sums('crc32')).toEqual([
      ['x-amz-checksum-crc32', Buffer.from('8cdc1683', 'hex').toString('base64')],
    ]);
    expect((await sums('crc64nvme')).map(([name]) => name)).toEqual(['x-amz-checksum-crc64nvme']);
    expect(await sums('none')).toEqual([]);
  });
});

describe('a delete', () => {
  const locked = {
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': '2099-01-01T00:00:00Z',
  };
  const remove = async () => (await open()).delete('key', { versionId: 'v1' });

  test('that is denied is retained when the version is locked, and refused when it is not', async () => {
    server.script(answer(200, locked), s3ErrorAnswer(403, 'AccessDenied'));
    expect(await remove()).toBe('retained');
    server.script(answer(200), s3ErrorAnswer(403, 'AccessDenied'));
    await expect(remove()).rejects.toMatchObject({ code: 'store-refused' });
    server.script(
      answer(200, { ...locked, 'x-amz-object-lock-retain-until-date': '2001-01-01T00:00:00Z' }),
      s3ErrorAnswer(403, 'AccessDenied'),
    );
    await expect(remove()).rejects.toMatchObject({ code: 'store-refused' });
  });

  test.each([
    [400, 'ObjectLocked', 'Object is WORM protected and cannot be overwritten'],
    [403, 'AccessDenied', 'Access Denied because object protected by object lock.'],
    [409, 'ObjectLockedByBucketPolicy', 'locked'],
  ])('that is answered %i %s is retained, even without the right to read', async (status, code, message) => {
    server.script(s3ErrorAnswer(403, 'AccessDenied'), s3ErrorAnswer(status, code, message));
    expect(await remove()).toBe('retained');
  });
});

test('a listing out of order is refused rather than trusted', async () => {
  const item = (key: string) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`;
  const page = (...keys: string[]) =>
    answer(
      200,
      { 'content-type': 'application/xml' },
      `<ListBucketResult>${keys.map(item).join('')}</ListBucketResult>`,
    );
  server.script(page('a', 'b'));
  expect(await collect((await open()).list(''))).toHaveLength(2);
  server.script(page('b', 'a'));
  await expect(collect((await open()).list(''))).rejects.toMatchObject({ code: 'store-unordered' });
});
