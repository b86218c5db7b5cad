import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { collect } from '../contract/object-store.ts';
import {
  answer,
  type Fault,
  halfAnswer,
  lostAnswer,
  noAnswer,
  s3ErrorAnswer,
  startFaultServer,
} from '../support/fault-server.ts';
import { faultStore, headersOf, restOf, stored, text, xml } from './fault-store.ts';

const { server, open } = faultStore({ maxAttempts: 3, timeoutMs: 5_000 });

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
    await expect((await open({ maxAttempts: 2, timeoutMs: 300 })).get('key')).rejects.toMatchObject({
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
      abortsUploads: 'unknown',
      retentionKeptBy: 'store',
      time: expect.any(Date),
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

describe('a GET whose connection breaks', () => {
  const body = randomBytes(300_000);
  const headers = headersOf(body);

  test('is taken up where it broke, on the same version', async () => {
    server.script(halfAnswer(headers, body, 100_000), restOf(body));
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
    server.script(silent, restOf(body));
    expect(Buffer.from(await (await open({ timeoutMs: 300 })).get('key')).equals(body)).toBe(true);
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

  test('of the newest version, which sets a marker, is refused for want of a right even when that is locked', async () => {
    server.script(answer(200, locked), s3ErrorAnswer(403, 'AccessDenied'));
    await expect((await open()).delete('key')).rejects.toMatchObject({ code: 'store-refused' });
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
    answer(200, xml, `<ListBucketResult>${keys.map(item).join('')}</ListBucketResult>`);
  server.script(page('a', 'b'));
  expect(await collect((await open()).list(''))).toHaveLength(2);
  server.script(page('b', 'a'));
  await expect(collect((await open()).list(''))).rejects.toMatchObject({ code: 'store-unordered' });
});
