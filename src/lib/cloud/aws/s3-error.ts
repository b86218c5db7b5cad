import { failure, PosternError, usageError } from '../../base/error.ts';
import { objectCorrupt, objectMissing, rangeNotSatisfiable } from '../object-error.ts';
import { asSdkError, commonError } from './sdk-error.ts';

/** What was being done, for the message: `storing`, `reading`… and the key where there is one. */
export interface S3Operation {
  readonly location: string;
  readonly verb: string;
  readonly key?: string;
}

/** Runs one operation; an error of the SDK becomes a `PosternError` that says what to do. */
export async function withS3Errors<T>(operation: S3Operation, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw s3Error(operation, error);
  }
}

/** An SDK error in our words; what is neither the SDK's nor the network's passes through. */
export function s3Error(operation: S3Operation, error: unknown): unknown {
  if (error instanceof PosternError) return error;
  const { location, key = '' } = operation;
  const what = `${operation.verb} ${key === '' ? location : `${key} at ${location}`}`;
  if (error instanceof Error && /^Checksum mismatch/i.test(error.message)) {
    return objectCorrupt(location, key, 'its checksum is not the one that was stored with it');
  }
  const common = commonError('store', what, error);
  if (common !== undefined) return common;
  const found = asSdkError(error);
  if (found === undefined) return error;
  const { name, message, status } = found;
  if (name === 'NoSuchBucket') return bucketMissing(location, error);
  if (status === 404) return objectMissing(location, key, error);
  if (status === 416) return rangeNotSatisfiable(location, key, error);
  if (status === 401 || status === 403) return storeRefused(what, name, error);
  if (status === 301 || status === 307 || name === 'AuthorizationHeaderMalformed')
    return wrongRegion(what, error);
  if (/object ?lock ?configuration/i.test(message)) return noObjectLock(what, error);
  return failure(`${what} failed: ${name}: ${message}`, { code: 'store-failed', cause: error });
}

/** Whether an error means that the object, or this version of it, is not there. */
export function isMissing(error: unknown): boolean {
  const found = asSdkError(error);
  return found?.status === 404 && found.name !== 'NoSuchBucket';
}

function bucketMissing(location: string, cause: unknown): PosternError {
  return failure(`the bucket of ${location} does not exist`, {
    code: 'bucket-missing',
    cause,
    hints: ['check its name, region and account, or make it first'],
  });
}

function storeRefused(what: string, name: string, cause: unknown): PosternError {
  return failure(`${what} was refused by the store (${name})`, {
    code: 'store-refused',
    cause,
    hints: ['the role or key lacks the permission for this operation; see its policy and the bucket policy'],
  });
}

function wrongRegion(what: string, cause: unknown): PosternError {
  return usageError(`${what} failed: the bucket is in another region`, {
    code: 'store-wrong-region',
    cause,
    hints: ['set the region of the bucket in the configuration: aws s3api get-bucket-location'],
  });
}

function noObjectLock(what: string, cause: unknown): PosternError {
  return failure(`${what} failed: the bucket has no Object Lock, so nothing can be retained in it`, {
    code: 'store-no-object-lock',
    cause,
    hints: ['use a bucket that was made with Object Lock, or configure no retention'],
  });
}
