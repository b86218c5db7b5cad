import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { objectCorrupt } from '../object-error.ts';
import type { GetOptions, OpenedObject } from '../object-store.ts';
import { storedSha256 } from './s3-checksum.ts';
import { address, operation, type S3Context, toStored } from './s3-context.ts';
import { s3Error, withS3Errors } from './s3-error.ts';
import { isNetworkError } from './sdk-error.ts';

/**
 * An object with its bytes. A connection that breaks in the middle is taken up where it broke, on the same version. A
 * whole read is checked against the SHA-256 that the store kept, and its last chunk is held back until that agrees.
 * @throws {PosternError} as the port's `get`; `object-corrupt` (exit 5)
 */
export async function openObject(
  context: S3Context,
  key: string,
  options: GetOptions,
): Promise<OpenedObject> {
  const first = await request(context, key, options.versionId, options.range, undefined);
  // The answer to a range counts the range; the whole stands behind the slash: `bytes 0-9/1234`.
  const whole = Number(/\/(\d+)$/.exec(first.ContentRange ?? '')?.[1] ?? first.ContentLength ?? 0);
  return {
    object: toStored(key, { ...first, ContentLength: whole }),
    body: checkedBody(context, key, options, first),
  };
}

async function* checkedBody(
  context: S3Context,
  key: string,
  options: GetOptions,
  first: GetObjectCommandOutput,
): AsyncIterable<Uint8Array> {
  const sha256 = options.range === undefined ? storedSha256(first.ChecksumSHA256, first.Metadata) : undefined;
  const size = first.ContentLength;
  const hash = createHash('sha256');
  let received = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of resumed(context, key, options, first)) {
    hash.update(chunk);
    received += chunk.byteLength;
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (size !== undefined && received !== size) {
    throw objectCorrupt(context.location, key, `${received} bytes came instead of ${size}`);
  }
  if (sha256 !== undefined && hash.digest('hex') !== sha256) {
    throw objectCorrupt(context.location, key, 'its SHA-256 is not the one that was stored with it');
  }
  if (held !== undefined) yield held;
}

async function* resumed(
  context: S3Context,
  key: string,
  { range, versionId }: GetOptions,
  first: GetObjectCommandOutput,
): AsyncIterable<Uint8Array> {
  const start = range?.start ?? 0;
  const end = start + (first.ContentLength ?? Number.NaN) - 1;
  let answer = first;
  let position = start;
  for (let failures = 0; ; ) {
    try {
      for await (const chunk of answer.Body as unknown as AsyncIterable<Uint8Array>) {
        position += chunk.byteLength;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      failures += 1;
      if (!isNetworkError(error) || failures >= context.maxAttempts || Number.isNaN(end)) {
        throw s3Error(operation(context, 'reading', key), error);
      }
      // All the bytes were here when the connection broke.
      if (position > end) return;
      await sleep(2 ** failures * 50 * Math.random());
      answer = await request(
        context,
        key,
        first.VersionId ?? versionId,
        { start: position, end },
        first.ETag,
      );
    }
  }
}

async function request(
  context: S3Context,
  key: string,
  versionId: string | undefined,
  range: GetOptions['range'],
  etag: string | undefined,
): Promise<GetObjectCommandOutput> {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const command = new GetObjectCommand({
    ...address(context, key),
    ...(versionId !== undefined && { VersionId: versionId }),
    ...(range === undefined ? { ChecksumMode: 'ENABLED' } : { Range: `bytes=${range.start}-${range.end}` }),
    ...(etag !== undefined && { IfMatch: etag }),
  });
  return withS3Errors(operation(context, 'reading', key), () => context.client.send(command));
}
