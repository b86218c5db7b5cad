import { failure, PosternError } from '../../base/error.ts';
import { kmsKeyMissing, kmsKeyUnusable, kmsWrongKey } from '../kms-error.ts';
import { asSdkError, commonError } from './sdk-error.ts';

/** Runs one operation on a key; an error of the SDK becomes a `PosternError` in the port's words. */
export async function withKmsErrors<T>(
  location: string,
  { verb, keyId = '' }: { readonly verb: string; readonly keyId?: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw kmsError(location, verb, keyId, error);
  }
}

function kmsError(location: string, verb: string, keyId: string, error: unknown): unknown {
  if (error instanceof PosternError) return error;
  const what = `${verb} ${keyId === '' ? 'keys' : keyId} at ${location}`;
  const common = commonError('kms', what, error);
  if (common !== undefined) return common;
  const found = asSdkError(error);
  if (found === undefined) return error;
  switch (found.name) {
    case 'NotFoundException':
    case 'InvalidArnException':
      return kmsKeyMissing(location, keyId, error);
    case 'DisabledException':
      return kmsKeyUnusable(location, keyId, 'it is disabled', error);
    case 'KMSInvalidStateException':
    case 'KeyUnavailableException':
    case 'InvalidKeyUsageException':
      return kmsKeyUnusable(location, keyId, found.message || found.name, error);
    case 'InvalidCiphertextException':
    case 'IncorrectKeyException':
      return kmsWrongKey(location, keyId, error);
    case 'AccessDeniedException':
      return failure(`${what} is not allowed`, {
        code: 'kms-access-denied',
        cause: error,
        hints: [
          'the role needs this permission in the key policy, and a grant or policy that allows the context',
        ],
      });
    default:
      return failure(`${what} failed: ${found.name}: ${found.message}`, { code: 'kms-failed', cause: error });
  }
}
