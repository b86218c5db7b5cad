import { bucketStatements } from './policy/bucket.ts';
import { arnsOf, type PolicyDocument, policyDocument, type Statement } from './policy/statement.ts';
import type { PolicyTarget } from './policy/target.ts';

export type { PolicyDocument } from './policy/statement.ts';
export type { PolicyTarget } from './policy/target.ts';

export const policyRoles = ['writer', 'reader', 'rewrapper', 'pruner', 'bucket'] as const;
export type PolicyRole = (typeof policyRoles)[number];

/**
 * The least that each role needs: policies for the users or roles that write, read (verify and restore), wrap old
 * sets for new recipients, and prune, and one for the bucket, which holds against everybody.
 */
export function leastPolicies(target: PolicyTarget): Readonly<Record<PolicyRole, PolicyDocument>> {
  return {
    writer: policyDocument([
      {
        Sid: 'WriteAndLock',
        Effect: 'Allow',
        Action: ['s3:PutObject', 's3:GetObjectRetention', ...(target.lock ? ['s3:PutObjectRetention'] : [])],
        Resource: arnsOf(target).objects,
      },
      ...look(target),
      {
        Sid: 'NeitherReadNorDestroy',
        Effect: 'Deny',
        Action: deniedToWriter,
        Resource: [arnsOf(target).bucket, arnsOf(target).objects],
      },
    ]),
    reader: policyDocument(reads(target)),
    rewrapper: policyDocument([
      ...reads(target),
      {
        Sid: 'WriteRewraps',
        Effect: 'Allow',
        Action: ['s3:PutObject', ...(target.lock ? ['s3:PutObjectRetention'] : [])],
        Resource: arnsOf({ ...target, prefix: `${target.prefix}rewraps/` }).objects,
      },
    ]),
    pruner: policyDocument([
      {
        Sid: 'DeleteWhatIsUnlocked',
        Effect: 'Allow',
        Action: ['s3:DeleteObjectVersion', 's3:GetObjectRetention'],
        Resource: arnsOf(target).objects,
      },
      ...look(target),
      {
        Sid: 'NeverAgainstALock',
        Effect: 'Deny',
        Action: ['s3:BypassGovernanceRetention', 's3:PutObjectRetention', 's3:PutObjectLegalHold'],
        Resource: arnsOf(target).objects,
      },
    ]),
    bucket: policyDocument(bucketStatements(target, deniedToWriter)),
  };
}

function reads(target: PolicyTarget): readonly Statement[] {
  return [
    {
      Sid: 'ReadEveryVersion',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention'],
      Resource: arnsOf(target).objects,
    },
    ...look(target),
  ];
}

/** What each role may ask: names, versions and times, and how the bucket is set up. */
function look(target: PolicyTarget): readonly Statement[] {
  const { bucket, pattern } = arnsOf(target);
  return [
    {
      Sid: 'List',
      Effect: 'Allow',
      Action: ['s3:ListBucket', 's3:ListBucketVersions'],
      Resource: bucket,
      Condition: { StringLike: { 's3:prefix': pattern } },
    },
    {
      Sid: 'AskTheBucket',
      Effect: 'Allow',
      Action: [
        's3:GetBucketVersioning',
        's3:GetBucketObjectLockConfiguration',
        's3:GetEncryptionConfiguration',
        's3:GetLifecycleConfiguration',
      ],
      Resource: bucket,
    },
  ];
}

/** Denied in so many words, so that another policy on the same user cannot grant it unnoticed. */
const deniedToWriter = [
  's3:GetObject',
  's3:GetObjectVersion',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutObjectLegalHold',
  's3:PutObjectAcl',
  's3:PutObjectVersionAcl',
  's3:PutBucketVersioning',
  's3:PutBucketObjectLockConfiguration',
  's3:PutLifecycleConfiguration',
  's3:PutReplicationConfiguration',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
  's3:DeleteBucket',
] as const;
