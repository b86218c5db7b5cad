import { expect, test } from 'vitest';
import { keyAccount } from '../../src/lib/cloud/kms-account.ts';

const key = 'key/1234abcd-12ab-34cd-56ef-1234567890ab';

test.each([
  ['aws', 'eu-central-1'],
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
])("a key's ARN in the partition %s tells account and region", (partition, region) => {
  const account = { accountId: '111122223333', region };
  expect(keyAccount(`arn:${partition}:kms:${region}:111122223333:${key}`)).toEqual(account);
  expect(keyAccount(`arn:${partition}:kms:${region}:111122223333:key/mrk-1234abcd12ab34cd`)).toEqual(account);
});

test.each([
  'local:1234abcd-12ab-34cd-56ef-1234567890ab',
  '1234abcd-12ab-34cd-56ef-1234567890ab',
  'arn:aws:kms:eu-central-1:111122223333:alias/mail',
  `arn:aws:kms:eu-central-1:11112222333:${key}`,
  `arn:aws:s3:eu-central-1:111122223333:${key}`,
  `arn:awful:kms:eu-central-1:111122223333:${key}`,
  `arn:aws:kms:eu-central-1:111122223333:${key} or so`,
  '',
])('%s tells none', (arn) => {
  expect(keyAccount(arn)).toBeUndefined();
});
