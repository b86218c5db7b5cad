import { failure, PosternError, usageError } from '../../base/error.ts';
import {
  kmsAliasExists,
  kmsAliasMissing,
  kmsKeyMissing,
  kmsKeyUnusable,
  kmsUnsupported,
  kmsWrongKey,
} from '../kms-error.ts';
import { asSdkError, commonError, type SdkError } from './sdk-error.ts';

/** What a call was about, for messages. */
export interface KmsCall {
  readonly verb: string;
  readonly keyId?: string;
  /** A second key, which the ciphertext goes to. */
  readonly other?: string;
  readonly alias?: string;
  readonly grant?: string;
}

/** Runs one call; an error of the SDK becomes a `PosternError` in the port's words. */
export async function withKmsErrors<T>(location: string, call: KmsCall, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw kmsError(location, call, error);
  }
}

function kmsError(location: string, call: KmsCall, error: unknown): unknown {
  if (error instanceof PosternError) return error;
  const what = `${call.verb} ${call.alias ?? call.keyId ?? 'keys'} at ${location}`;
  const found = asSdkError(error);
  // A quota of the service; to the SDK and to other services, the name means that one is too fast.
  if (found?.name === 'LimitExceededException')
    return failure(`${what} is refused: ${found.message}`, { code: 'kms-limit', cause: error });
  const common = commonError('kms', what, error);
  if (common !== undefined) return common;
  if (found === undefined) return error;
  return keyError(location, call, found, error) ?? otherError(location, call, what, found, error);
}

/** The errors that are about the key itself. */
function keyError(location: string, call: KmsCall, found: SdkError, cause: unknown) {
  const keyId = keyMeant(call, found.message);
  switch (found.name) {
    case 'NotFoundException':
    case 'InvalidArnException':
      if (call.grant !== undefined && /\bgrant\b/i.test(found.message))
        return kmsGrantMissing(location, call.grant, cause);
      return call.alias !== undefined && /\balias\b/i.test(found.message)
        ? kmsAliasMissing(location, call.alias, cause)
        : kmsKeyMissing(location, keyId, cause);
    case 'DisabledException':
      return kmsKeyUnusable(location, keyId, 'it is disabled', cause);
    case 'KMSInvalidStateException':
    case 'KeyUnavailableException':
    case 'InvalidKeyUsageException':
      return kmsKeyUnusable(location, keyId, found.message || found.name, cause);
    case 'InvalidCiphertextException':
    case 'IncorrectKeyException':
      return kmsWrongKey(location, call.keyId ?? '', cause);
    case 'UnsupportedOperationException':
      return kmsUnsupported(location, keyId, `do that: ${found.message || found.name}`, cause);
    default:
      return undefined;
  }
}

function otherError(location: string, call: KmsCall, what: string, found: SdkError, cause: unknown) {
  switch (found.name) {
    case 'AlreadyExistsException':
      return kmsAliasExists(location, call.alias ?? '', cause);
    case 'ConflictException':
      return failure(`${what} has to wait: ${found.message}`, {
        code: 'kms-rotation-pending',
        cause,
        hints: ['a rotation is in progress or about to begin; try again in half an hour'],
      });
    case 'InvalidGrantIdException':
      return kmsGrantMissing(location, call.grant ?? '', cause);
    case 'MalformedPolicyDocumentException':
      return usageError(`${what} is refused: ${found.message}`, { code: 'kms-policy-malformed', cause });
    case 'AccessDeniedException':
      return failure(`${what} is not allowed`, {
        code: 'kms-access-denied',
        cause,
        hints: [
          `the role needs ${rightIn(found.message)} by the key's policy or IAM, under this context; or a grant`,
        ],
      });
    default:
      return failure(`${what} failed: ${found.name}: ${found.message}`, { code: 'kms-failed', cause });
  }
}

/** Of two keys, the one that the service names. */
function keyMeant({ keyId = '', other }: KmsCall, message: string): string {
  const id = other?.split('/').at(-1);
  return other !== undefined && id !== undefined && message.includes(id) ? other : keyId;
}

function kmsGrantMissing(location: string, grant: string, cause: unknown): PosternError {
  return failure(`there is no grant ${grant} in ${location}`, { code: 'kms-grant-missing', cause });
}

/** AWS names the right that is missing: `… is not authorized to perform: kms:ReEncryptTo on …`. */
function rightIn(message: string): string {
  return /\bkms:\w+/.exec(message)?.[0] ?? 'the right to do that';
}
