import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PutObjectCommandInput, PutObjectCommandOutput } from '@aws-sdk/client-s3';
import { failure } from '../../base/error.ts';
import { objectCorrupt, objectExists } from '../object-error.ts';
import type { PutOptions, StoredObject } from '../object-store.ts';
import { checksumInput, sha256Metadata } from './s3-checksum.ts';
import { address, operation, type S3Context } from './s3-context.ts';
import { withS3Errors } from './s3-error.ts';
import { headObject } from './s3-head.ts';
import { ownObject, type Proof, type PutAnswer, tokenMetadata } from './s3-own-object.ts';
import { asSdkError } from './sdk-error.ts';

/** One PUT of a whole object. Errors as the port's `put`, and `store-no-conditional-put`. */
export async function putObject(
  context: S3Context,
  key: string,
  body: Uint8Array,
  options: PutOptions,
): Promise<StoredObject> {
  const sha256 = createHash('sha256').update(body).digest('hex');
  const conditional = options.ifNoneMatch === '*';
  const token = randomUUID();
  // Object Lock accepts no PUT without an integrity header, whatever was asked for.
  const mode = context.checksum === 'none' && options.retention ? 'md5' : context.checksum;
  const own = {
    ...(context.checksum !== 'sha256' && { [sha256Metadata]: sha256 }),
    ...(conditional && { [tokenMetadata]: token }),
  };
  const input: PutObjectCommandInput = {
    ...address(context, key),
    Body: body,
    ...checksumInput(mode, body, sha256),
    Metadata: { ...options.metadata, ...own },
    ...(options.contentType !== undefined && { ContentType: options.contentType }),
    ...(options.retention && {
      ObjectLockMode: options.retention.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
      ObjectLockRetainUntilDate: options.retention.until,
    }),
  };
  const answer = conditional
    ? await putNew(context, key, input, { token, body, sha256 })
    : await withS3Errors(operation(context, 'storing', key), () => send(context, input));
  checkAnswer(context, key, input, answer);
  return {
    key,
    size: body.byteLength,
    sha256,
    // The answer to a PUT has no time in it.
    modified: new Date(),
    ...(answer.VersionId !== undefined && { versionId: answer.VersionId }),
    ...(options.retention && { retention: options.retention }),
    ...(options.contentType !== undefined && { contentType: options.contentType }),
    ...(options.metadata && { metadata: options.metadata }),
  };
}

/**
 * A store that echoes a checksum says which bytes it took. A writer without the right to read learns it here only.
 * @throws {PosternError} exit 5, `object-corrupt`
 */
function checkAnswer(
  { location }: S3Context,
  key: string,
  sent: PutObjectCommandInput,
  answer: PutAnswer,
): void {
  const differs = (['ChecksumSHA256', 'ChecksumCRC32'] as const).some(
    (sum) => sent[sum] !== undefined && answer[sum] !== undefined && sent[sum] !== answer[sum],
  );
  if (differs) throw objectCorrupt(location, key, 'the store took other bytes than it was sent');
}

async function putNew(
  context: S3Context,
  key: string,
  input: PutObjectCommandInput,
  proof: Proof,
): Promise<PutAnswer> {
  if (context.conditionalPut === 'emulated') return putUnlessThere(context, key, input);
  const where = operation(context, 'storing', key);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(context, { ...input, IfNoneMatch: '*' });
    } catch (error) {
      const found = asSdkError(error);
      if (found?.status === 412) return ownObject(context, key, proof, found.attempts + attempt > 2, error);
      if (found?.status === 501) throw noConditionalPut(context, error);
      if (found?.status !== 409) return withS3Errors(where, () => Promise.reject(error));
      // Another writer of the same key is under way: S3 asks to try again, and then one of us gets 412.
      if (attempt >= context.maxAttempts) throw objectExists(context.location, key, error);
      await sleep(2 ** attempt * 50 * Math.random());
    }
  }
}

async function putUnlessThere(
  context: S3Context,
  key: string,
  input: PutObjectCommandInput,
): Promise<PutAnswer> {
  if ((await headObject(context, key, undefined)) !== undefined) throw objectExists(context.location, key);
  return withS3Errors(operation(context, 'storing', key), () => send(context, input));
}

async function send({ client }: S3Context, input: PutObjectCommandInput): Promise<PutObjectCommandOutput> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  return client.send(new PutObjectCommand(input));
}

function noConditionalPut({ location }: S3Context, cause: unknown): Error {
  return failure(
    `${location} does not know conditional writes (If-None-Match), so it could overwrite what is there`,
    {
      code: 'store-no-conditional-put',
      cause,
      hints: [
        'if this host alone writes under the prefix, set `conditionalPut: emulated`; else use another store',
      ],
    },
  );
}
