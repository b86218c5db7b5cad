import { PosternError } from '../../base/error.ts';
import { address, operation, type S3Context } from './s3-context.ts';
import { isMissing, withS3Errors } from './s3-error.ts';
import { listedVersion, readRetention } from './s3-head.ts';
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
      // No lock stands against a delete marker, so there a refusal is a matter of rights.
      const isLocked = there === 'locked' && versionId !== undefined;
      if (found !== undefined && isRefusal(found) && (isLocked || saysLocked(found))) return 'retained';
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
    const isHeld = answer.ObjectLockLegalHoldStatus === 'ON';
    return isHeld ? 'locked' : presence(answer.ObjectLockRetainUntilDate);
  } catch (error) {
    const status = asSdkError(error)?.status;
    // A version id that the store never issued is a bad request to AWS; HEAD of a delete marker is not allowed.
    if (status === 400 && versionId !== undefined) return 'absent';
    if (status === 405) return 'there';
    if (status === 403) return lookUpInListing(context, key, versionId, 'there');
    // SeaweedFS does not tell a delete marker from nothing here.
    if (isMissing(error) && versionId !== undefined)
      return lookUpInListing(context, key, versionId, 'absent');
    if (isMissing(error)) return 'absent';
    throw error;
  }
}

/**
 * A role may delete, or ask about retention, without being able to read.
 * @param whenRefused what to go on with when it may not even list; the delete then tells
 */
async function lookUpInListing(
  context: S3Context,
  key: string,
  versionId: string | undefined,
  whenRefused: Presence,
): Promise<Presence> {
  try {
    const found = await listedVersion(context, key, versionId);
    if (found === undefined || (found.isDeleteMarker && versionId === undefined)) return 'absent';
    if (found.isDeleteMarker) return 'there';
    return presence((await readRetention(context, key, found.versionId))?.until);
  } catch (error) {
    if (error instanceof PosternError) return whenRefused;
    throw error;
  }
}

function presence(lockedUntil: Date | undefined): Presence {
  return (lockedUntil?.getTime() ?? 0) > Date.now() ? 'locked' : 'there';
}

function isRefusal({ status }: SdkError): boolean {
  return status === 400 || status === 403 || status === 409;
}

/** AWS and moto say it in the message, MinIO and R2 in the code. */
function saysLocked({ name, message }: SdkError): boolean {
  return name.startsWith('ObjectLocked') || /object lock|WORM|retention/i.test(message);
}
