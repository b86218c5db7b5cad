/** One statement of an IAM or bucket policy, in IAM's own spelling. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  /** In bucket policies only. */
  readonly Principal?: '*';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface PolicyDocument {
  /** The version of the language; the only one that knows policy variables. */
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export function policyDocument(statements: readonly Statement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements };
}

interface Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string | undefined;
}

/** The bucket, everything under the prefix, and the prefix as a pattern for `s3:prefix`. */
export function arnsOf(place: Place): {
  readonly bucket: string;
  readonly objects: string;
  readonly pattern: string;
} {
  const bucket = `arn:${partitionOf(place.region)}:s3:::${place.bucket}`;
  const pattern = `${literal(place.prefix)}*`;
  return { bucket, objects: `${bucket}/${pattern}`, pattern };
}

/** `*`, `?` and `$` in a prefix mean themselves (IAM user guide, "policy variables: special characters"). */
function literal(prefix: string): string {
  return prefix.replace(/[*?$]/g, (character) => `\${${character}}`);
}

/** AWS's partitions do not know each other's ARNs. Stores of other makers take `aws`. */
function partitionOf(region = ''): string {
  const found = [
    ['cn-', 'aws-cn'],
    ['us-gov-', 'aws-us-gov'],
    ['us-isob-', 'aws-iso-b'],
    ['us-iso-', 'aws-iso'],
    ['eusc-', 'aws-eusc'],
  ].find(([start = '']) => region.startsWith(start));
  return found?.[1] ?? 'aws';
}
