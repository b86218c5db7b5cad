import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  leastPolicies,
  type PolicyRole,
  type PolicyTarget,
  policyRoles,
} from '../../src/lib/backup/policy.ts';
import { isAllowed } from '../support/iam.ts';
import { day, target } from './policy-target.ts';

const bucket = 'arn:aws:s3:::vault';
const sets = `${bucket}/off-site/backup/production/20260301T020000Z-9f2c41d0/manifest.json.pgp`;
const keyring = `${bucket}/off-site/backup/production/keyrings/20260301T020000Z-9f2c41d0/platform-00001-00001.sql.zst.pgp`;
const probe = `${bucket}/off-site/backup/production/probe/2026-03-01-compliance`;
const elsewhere = `${bucket}/off-site/backup/production2/20260301T020000Z-9f2c41d0/set.json`;

const days = 's3:object-lock-remaining-retention-days';
const locked = (remaining: number, mode = 'COMPLIANCE') => ({
  'aws:SecureTransport': 'true',
  's3:if-none-match': '*',
  's3:object-lock-mode': mode,
  [days]: String(remaining),
});

/** Whether a role may, under its own policy and the bucket's. */
const may = (role: PolicyRole, action: string, resource: string, context = {}, of: PolicyTarget = target) => {
  const policies = leastPolicies(of);
  return isAllowed([policies[role], policies.bucket], {
    action: `s3:${action}`,
    resource,
    context: { 'aws:SecureTransport': 'true', ...context },
  });
};

describe('the policies, held against a model of IAM', () => {
  test('let the writer store what is new and locked as configured, and nothing else', () => {
    expect(may('writer', 'PutObject', sets, locked(364))).toBe(true);
    expect(may('writer', 'PutObject', keyring, locked(34))).toBe(true);
    expect(may('writer', 'PutObject', probe, locked(0))).toBe(true);
    const without = (key: string) =>
      Object.fromEntries(Object.entries(locked(364)).filter(([k]) => k !== key));
    expect(may('writer', 'PutObject', sets, without('s3:if-none-match'))).toBe(false);
    expect(may('writer', 'PutObject', sets, { 's3:if-none-match': '*' })).toBe(false);
    expect(may('writer', 'PutObject', probe, { 's3:if-none-match': '*' })).toBe(false);
    expect(may('writer', 'PutObject', sets, locked(364, 'GOVERNANCE'))).toBe(false);
    expect(may('writer', 'PutObject', sets, { ...locked(364), 'aws:SecureTransport': 'false' })).toBe(false);
    expect(may('writer', 'PutObject', elsewhere, locked(364))).toBe(false);
  });

  test.each([
    ['sets', sets, 363, 366],
    ['keyrings', keyring, 33, 36],
  ])('keep the locks of %s between the bounds', (_, resource, least, most) => {
    for (const [remaining, allowed] of [
      [least - 1, false],
      [least, true],
      [most, true],
      [most + 1, false],
    ] as const)
      expect(may('writer', 'PutObject', resource, locked(remaining))).toBe(allowed);
    expect(may('writer', 'PutObjectRetention', resource, { [days]: String(most) })).toBe(true);
    expect(may('writer', 'PutObjectRetention', resource, { [days]: String(most + 1) })).toBe(false);
  });

  test.each([
    'GetObject',
    'GetObjectVersion',
    'DeleteObject',
    'DeleteObjectVersion',
    'BypassGovernanceRetention',
    'PutObjectLegalHold',
    'PutObjectAcl',
    'GetObjectVersionAttributes',
  ])('do not let the writer use %s, even when another policy allows everything', (action) => {
    const { writer } = leastPolicies(target);
    expect(may('writer', action, sets)).toBe(false);
    const all = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' }],
    } as const;
    if (action !== 'GetObjectVersionAttributes')
      expect(isAllowed([writer, all], { action: `s3:${action}`, resource: sets })).toBe(false);
    expect(isAllowed([all], { action: `s3:${action}`, resource: sets })).toBe(true);
  });

  test('do not let the writer change the bucket', () => {
    for (const action of [
      'PutBucketVersioning',
      'PutBucketPolicy',
      'PutLifecycleConfiguration',
      'DeleteBucket',
    ])
      expect(may('writer', action, bucket)).toBe(false);
    expect(may('writer', 'GetBucketVersioning', bucket)).toBe(true);
    expect(may('writer', 'GetBucketPolicy', bucket)).toBe(false);
  });

  test('let every role list its own part of the bucket only', () => {
    for (const role of ['writer', 'reader', 'pruner'] as const) {
      for (const action of ['ListBucket', 'ListBucketVersions']) {
        expect(may(role, action, bucket, { 's3:prefix': target.prefix })).toBe(true);
        expect(may(role, action, bucket, { 's3:prefix': `${target.prefix}2026` })).toBe(true);
        expect(may(role, action, bucket, { 's3:prefix': 'off-site/backup/production2/' })).toBe(false);
        expect(may(role, action, bucket)).toBe(false);
      }
    }
  });

  test('let the reader read every version and change nothing', () => {
    for (const action of ['GetObject', 'GetObjectVersion', 'GetObjectRetention'])
      expect(may('reader', action, sets)).toBe(true);
    for (const action of ['PutObject', 'DeleteObject', 'DeleteObjectVersion', 'PutObjectRetention'])
      expect(may('reader', action, sets, locked(364))).toBe(false);
    expect(may('reader', 'GetObject', elsewhere)).toBe(false);
  });

  test('let the pruner delete versions by their id, and neither hide, read, write nor unlock', () => {
    expect(may('pruner', 'DeleteObjectVersion', sets)).toBe(true);
    for (const action of [
      'DeleteObject',
      'GetObject',
      'PutObject',
      'PutObjectRetention',
      'BypassGovernanceRetention',
    ])
      expect(may('pruner', action, sets, locked(364))).toBe(false);
    expect(may('pruner', 'DeleteObjectVersion', elsewhere)).toBe(false);
  });

  test('hold in the bucket against a writer that some other policy lets do everything', () => {
    const writerArn = 'arn:aws:iam::111122223333:role/backup-writer';
    const all = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' }],
    } as const;
    const allowed = (action: string, who: string, named: PolicyTarget) =>
      isAllowed([all, leastPolicies(named).bucket], {
        action: `s3:${action}`,
        resource: sets,
        context: { 'aws:SecureTransport': 'true', 'aws:PrincipalArn': who },
      });
    expect(allowed('GetObject', writerArn, { ...target, writerArn })).toBe(false);
    expect(allowed('DeleteObjectVersion', writerArn, { ...target, writerArn })).toBe(false);
    expect(allowed('DeleteObjectVersion', `${writerArn}2`, { ...target, writerArn })).toBe(true);
    expect(allowed('DeleteObjectVersion', writerArn, target)).toBe(true);
  });

  test('ask for no lock where none is configured, and for no If-None-Match where the store has none', () => {
    const bare = { ...target, lock: undefined, keyringLock: undefined };
    expect(may('writer', 'PutObject', sets, { 's3:if-none-match': '*' }, bare)).toBe(true);
    expect(may('writer', 'PutObject', sets, {}, bare)).toBe(false);
    expect(may('writer', 'PutObjectRetention', sets, {}, bare)).toBe(false);
    expect(may('writer', 'PutObject', sets, {}, { ...bare, conditionalPut: 'emulated' })).toBe(true);
  });

  test('lock keyrings in a mode of their own, and everything alike where they have none', () => {
    const apart = { ...target, keyringLock: { mode: 'governance', duration: 35 * day } } as const;
    expect(may('writer', 'PutObject', keyring, locked(34, 'GOVERNANCE'), apart)).toBe(true);
    expect(may('writer', 'PutObject', keyring, locked(34), apart)).toBe(false);
    expect(may('writer', 'PutObject', sets, locked(364, 'GOVERNANCE'), apart)).toBe(false);
    const alike = { ...target, keyringLock: undefined };
    expect(may('writer', 'PutObject', keyring, locked(364), alike)).toBe(true);
    expect(may('writer', 'PutObject', keyring, locked(34), alike)).toBe(false);
  });

  test.each([
    ['eu-central-1', 'aws'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['cn-north-1', 'aws-cn'],
    ['us-iso-east-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
    ['eusc-de-east-1', 'aws-eusc'],
    [undefined, 'aws'],
  ])('name the partition of the region %s', (region, partition) => {
    const all = JSON.stringify(leastPolicies({ ...target, region }));
    expect(new Set(all.match(/arn:[^:]+:s3/g))).toEqual(new Set([`arn:${partition}:s3`]));
  });

  test('never reach beyond the prefix, whatever it is made of', () => {
    const segment = fc.string({
      unit: fc.constantFrom('a', '*', '?', '$', '{', '}', '.', '/'),
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(segment, segment, (mine, other) => {
        const of = { ...target, prefix: `${mine}/` };
        const key = `${other}/x`;
        expect(may('reader', 'GetObject', `${bucket}/${key}`, {}, of)).toBe(key.startsWith(`${mine}/`));
        expect(may('reader', 'GetObject', `${bucket}/${mine}/x`, {}, of)).toBe(true);
      }),
    );
  });

  test('stay below the size that AWS takes', () => {
    const large = {
      ...target,
      prefix: `${'p'.repeat(500)}/`,
      writerArn: `arn:aws:iam::111122223333:role/${'r'.repeat(64)}`,
    };
    const policies = leastPolicies(large);
    // Without spaces: 10,240 characters for a role's inline policies, 20 KB for a bucket's.
    for (const role of policyRoles)
      expect(JSON.stringify(policies[role]).length).toBeLessThan(role === 'bucket' ? 20_000 : 10_240);
  });
});
