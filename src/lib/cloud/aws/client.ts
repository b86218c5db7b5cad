/** Keys of an IAM user or role, or the name of a profile in the AWS files; neither: the SDK's default chain. */
export type AwsCredentials =
  | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  | { readonly profile: string };

export interface AwsClientOptions {
  /** As `eu-central-1`; from the profile or `AWS_REGION` unless told, and `us-east-1` at an `endpoint` of one's own. */
  readonly region?: string;
  /** Another server than AWS's, as `https://minio.example:9000`. */
  readonly endpoint?: string;
  readonly credentials?: AwsCredentials;
  /** Attempts of each request, the first included, with exponential backoff; 4 unless told. */
  readonly maxAttempts?: number;
  /** Milliseconds without a byte until a connection is given up; 30,000 unless told. Not a limit to the whole. */
  readonly timeoutMs?: number;
}

/** What both AWS clients are made with. */
export function clientConfig({
  region,
  endpoint,
  credentials,
  maxAttempts = 4,
  timeoutMs = 30_000,
}: AwsClientOptions) {
  const usedRegion =
    region ?? (endpoint === undefined ? undefined : (process.env['AWS_REGION'] ?? 'us-east-1'));
  return {
    ...(usedRegion !== undefined && { region: usedRegion }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined &&
      ('profile' in credentials ? { profile: credentials.profile } : { credentials: { ...credentials } })),
    maxAttempts,
    retryMode: 'standard',
    // A limit to the whole request would abort a large upload on a slow line; silence is what tells a dead one.
    requestHandler: { connectionTimeout: Math.min(timeoutMs, 10_000), socketTimeout: timeoutMs },
  };
}
