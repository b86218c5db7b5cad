import { failure, messageOf, PosternError, usageError } from '../../base/error.ts';

/** What an error of the AWS SDK tells, whichever class it has. */
export interface SdkError {
  /** `AccessDenied`, `NoSuchKey`…; the status as text where a store sent no body. */
  readonly name: string;
  readonly message: string;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  readonly attempts: number;
}

/** @returns undefined for what is not an error of the SDK or the network */
export function asSdkError(error: unknown): SdkError | undefined {
  if (!(error instanceof Error) || error instanceof PosternError) return undefined;
  const metadata = '$metadata' in error ? (error.$metadata as Metadata | undefined) : undefined;
  if (metadata === undefined && !isNetworkError(error) && !isCredentialError(error.name)) return undefined;
  return {
    name: 'Code' in error && typeof error.Code === 'string' ? error.Code : error.name,
    message: error.message,
    status: metadata?.httpStatusCode,
    attempts: metadata?.attempts ?? 1,
  };
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly attempts?: number;
}

/**
 * The errors that every AWS service shares: no answer, bad or expired credentials, no region, throttling, a failing
 * server. `prefix` begins the codes: `store` gives `store-unreachable`, `store-credentials`, `store-unavailable`.
 * @returns undefined when the service's own translation must decide
 */
export function commonError(prefix: 'store' | 'kms', what: string, error: unknown): PosternError | undefined {
  if (error instanceof Error && /region is missing/i.test(error.message)) {
    return usageError(`${what} failed: no AWS region is set`, {
      code: `${prefix}-region-missing`,
      cause: error,
      hints: ['set the region in the configuration, or AWS_REGION'],
    });
  }
  const found = asSdkError(error);
  if (found === undefined) return undefined;
  if (isCredentialError(found.name)) {
    return failure(`${what} failed: the credentials are missing, expired or wrong (${found.name})`, {
      code: `${prefix}-credentials`,
      cause: error,
      hints: ['renew the session or the access key, and check the clock of this host'],
    });
  }
  if (found.status === undefined || found.name === 'TimeoutError') {
    return failure(`${what} failed: no answer (${networkReason(error)})`, {
      code: `${prefix}-unreachable`,
      cause: error,
      hints: ['check the endpoint, DNS, TLS and the network, then run the command again'],
    });
  }
  if (
    found.status >= 500 ||
    found.status === 429 ||
    /Throttl|SlowDown|TooManyRequests|LimitExceeded/.test(found.name)
  ) {
    return failure(`${what} failed after ${found.attempts} attempts: ${found.name} (HTTP ${found.status})`, {
      code: `${prefix}-unavailable`,
      cause: error,
      hints: ['the service is overloaded or failing; wait, then run the command again'],
    });
  }
  return undefined;
}

const credentialNames = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'RequestExpired',
  'RequestTimeTooSkewed',
]);

function isCredentialError(name: string): boolean {
  return credentialNames.has(name);
}

/** Whether a connection failed or broke, as opposed to an answer or a bug. */
export function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    (typeof code === 'string' &&
      /^(E[A-Z]+|CERT_.*|ERR_TLS.*|ERR_SSL.*|ERR_STREAM_PREMATURE_CLOSE|DEPTH_ZERO.*|SELF_SIGNED.*|UNABLE_TO.*)$/.test(
        code,
      )) ||
    /^(TimeoutError|NetworkingError|AbortError)$/.test(error.name) ||
    /^(aborted|socket hang up)$/.test(error.message)
  );
}

function networkReason(error: unknown): string {
  // Node tries every address of a name and reports them together, with an empty message.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join('; ');
  return messageOf(error);
}
