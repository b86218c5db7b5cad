import { address, operation, type S3Context } from './s3-context.ts';
import { isMissing, withS3Errors } from './s3-error.ts';
import { asSdkError, type SdkError } from './sdk-error.ts';

/**
 * Deletes a version or hides a key. S3 answers a delete of nothing with success, and of a locked version with the same
 * AccessDenied as a missing permission, so both are asked about.
 */
export async function deleteObject(
  context: S3Context,
  key: string,
  versionId: string | undefined,
): Promise<'deleted' | 'retained' | 'absent'> {
  const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
  return withS3Errors(operation(context, 'deleting', key), async () => {
    const there = await lookUp(context, key, versionId);
    if (there === 'absent') return 'absent';
    const version = versionId === undefined ? {} : { VersionId: versionId };
    try {
      await context.client.send(new DeleteObjectCommand({ ...address(context, key), ...version }));
      return 'deleted';
    } catch (error) {
      const found = asSdkError(error);
      if (isMissing(error)) return 'absent';
      if (found !== undefined && isRefusal(found) && (there === 'locked' || saysLocked(found)))
        return 'retained';
      throw error;
    }
  });
}

type Presence = 'absent' | 'there' | 'locked';

async function lookUp(context: S3Context, key: string, versionId: string | undefined): Promise<Presence> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const version = versionId === undefined ? {} : { VersionId: versionId };
  try {
    const answer = await context.client.send(new HeadObjectCommand({ ...address(context, key), ...version }));
    const until = answer.ObjectLockRetainUntilDate?.getTime() ?? 0;
    return until > Date.now() || answer.ObjectLockLegalHoldStatus === 'ON' ? 'locked' : 'there';
  } catch (error) {
    const status = asSdkError(error)?.status;
    // A version id that the store never issued is a bad request to AWS; HEAD of a delete marker is not allowed.
    if (isMissing(error) || (status === 400 && versionId !== undefined)) return 'absent';
    if (status === 405) return 'there';
    // A role may delete without being able to read.
    if (status === 403) return 'there';
    throw error;
  }
}

function isRefusal({ status }: SdkError): boolean {
  return status === 400 || status === 403 || status === 409;
}

/** AWS and moto say it in the message, MinIO and R2 in the code. */
function saysLocked({ name, message }: SdkError): boolean {
  return name.startsWith('ObjectLocked') || /object lock|WORM|retention/i.test(message);
}
