import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import { answer, type Fault, lostAnswer, s3ErrorAnswer } from '../support/fault-server.ts';
import { faultStore, hex, stored, text } from './fault-store.ts';

const { server, open } = faultStore({ maxAttempts: 3, timeoutMs: 5_000 });

/** Answers HEAD with what an earlier PUT of this server was sent. */
const headOf = (index: number, change: Readonly<Record<string, string>> = {}): Fault => {
  return (request, response) => {
    const put = server.seen[index];
    const metadata = Object.entries(put?.headers ?? {}).filter(([name]) => name.startsWith('x-amz-meta-'));
    const headers = { ...Object.fromEntries(metadata), 'x-amz-version-id': 'first', ...change };
    answer(200, headers)(request, response);
  };
};

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
