import type { GetBucketVersioningCommand, LifecycleRule } from '@aws-sdk/client-s3';
import type { StoreCapabilities } from '../object-store.ts';
import { operation, retentionOf, type S3Context } from './s3-context.ts';
import { withS3Errors } from './s3-error.ts';
import { asSdkError } from './sdk-error.ts';

/** What the bucket says of itself. What the role may not ask, or the store does not know, is `unknown`. */
export async function bucketCapabilities(context: S3Context): Promise<StoreCapabilities> {
  const s3 = await import('@aws-sdk/client-s3');
  const { client, bucket: Bucket } = context;
  const ask = <T, U>(request: () => Promise<T>, read: (answer: T) => U, whenAbsent: U) =>
    withS3Errors(operation(context, 'inspecting'), async () => {
      try {
        return read(await request());
      } catch (error) {
        const found = asSdkError(error);
        if (found === undefined || found.name === 'NoSuchBucket') throw error;
        if (found.status === 404) return whenAbsent;
        if ([400, 403, 405, 501].includes(found.status ?? 0)) return 'unknown' as const;
        throw error;
      }
    });
  const askVersioning = new s3.GetBucketVersioningCommand({ Bucket });
  const clock = watchClock(askVersioning);
  const versioning = await ask(
    () => client.send(askVersioning),
    ({ Status }) => Status === 'Enabled',
    false,
  );
  const lock = await ask(
    () => client.send(new s3.GetObjectLockConfigurationCommand({ Bucket })),
    ({ ObjectLockConfiguration: found }) => ({
      objectLock: found?.ObjectLockEnabled === 'Enabled',
      defaultRetention:
        retentionOf(found?.Rule?.DefaultRetention?.Mode, new Date())?.mode ?? ('none' as const),
    }),
    { objectLock: false, defaultRetention: 'none' as const },
  );
  const encryption = await ask(
    () => client.send(new s3.GetBucketEncryptionCommand({ Bucket })),
    ({ ServerSideEncryptionConfiguration: found }) => {
      const { SSEAlgorithm: name = 'none', KMSMasterKeyID: keyId } =
        found?.Rules?.[0]?.ApplyServerSideEncryptionByDefault ?? {};
      return { encryptionAtRest: name, ...(keyId !== undefined && { encryptionKeyId: keyId }) };
    },
    { encryptionAtRest: 'none' },
  );
  const abortsUploads = await ask(
    () => client.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket })),
    ({ Rules = [] }) => Rules.some((rule) => abortsUploadsUnder(rule, context.prefix)),
    false,
  );
  return {
    versioning,
    ...(lock === 'unknown' ? { objectLock: 'unknown', defaultRetention: 'unknown' } : lock),
    ...(encryption === 'unknown' ? { encryptionAtRest: 'unknown' } : encryption),
    abortsUploads,
    retentionKeptBy: 'store',
    time: clock.time() ?? 'unknown',
  };
}

function abortsUploadsUnder(rule: LifecycleRule, prefix: string): boolean {
  if (rule.Status !== 'Enabled' || rule.AbortIncompleteMultipartUpload === undefined) return false;
  const only = rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix ?? '';
  return prefix.startsWith(only);
}

/** Reads the Date of whatever is answered, a refusal included; no operation of S3 hands it out. */
function watchClock(command: GetBucketVersioningCommand): { time(): Date | undefined } {
  let seen: Date | undefined;
  command.middlewareStack.add(
    (next) => async (request) => {
      const answer = await next(request);
      const date = new Date(headerOf(answer.response, 'date') ?? '');
      if (!Number.isNaN(date.getTime())) seen = date;
      return answer;
    },
    { step: 'deserialize', priority: 'low' },
  );
  return { time: () => seen };
}

function headerOf(response: unknown, name: string): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  return (response.headers as Readonly<Record<string, string>>)[name];
}
