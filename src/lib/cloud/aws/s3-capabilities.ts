import type { StoreCapabilities } from '../object-store.ts';
import { operation, type S3Context } from './s3-context.ts';
import { withS3Errors } from './s3-error.ts';
import { asSdkError } from './sdk-error.ts';

/** What the bucket says of itself. What the role may not ask, or the store does not know, is `unknown`. */
export async function bucketCapabilities(context: S3Context): Promise<StoreCapabilities> {
  const { GetBucketEncryptionCommand, GetBucketVersioningCommand, GetObjectLockConfigurationCommand } =
    await import('@aws-sdk/client-s3');
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
  const versioning = await ask(
    () => client.send(new GetBucketVersioningCommand({ Bucket })),
    ({ Status }) => Status === 'Enabled',
    false,
  );
  const lock = await ask(
    () => client.send(new GetObjectLockConfigurationCommand({ Bucket })),
    ({ ObjectLockConfiguration: found }) => ({
      objectLock: found?.ObjectLockEnabled === 'Enabled',
      defaultRetention: retentionMode(found?.Rule?.DefaultRetention?.Mode),
    }),
    { objectLock: false, defaultRetention: 'none' as const },
  );
  const encryptionAtRest = await ask(
    () => client.send(new GetBucketEncryptionCommand({ Bucket })),
    ({ ServerSideEncryptionConfiguration: found }) =>
      found?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? 'none',
    'none',
  );
  return {
    versioning,
    ...(lock === 'unknown' ? { objectLock: 'unknown', defaultRetention: 'unknown' } : lock),
    encryptionAtRest,
  };
}

function retentionMode(mode: string | undefined): 'none' | 'governance' | 'compliance' {
  if (mode === 'COMPLIANCE') return 'compliance';
  return mode === 'GOVERNANCE' ? 'governance' : 'none';
}
