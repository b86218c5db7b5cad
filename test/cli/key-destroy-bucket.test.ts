import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketEncryptionCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { openAwsKms } from '../../src/lib/cloud/aws/kms.ts';
import { keyMapText } from '../support/key-context.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

const secret = (name: string): string => `\${file:secrets/${name}}`;

describeWith(['moto'], 'a KMS key of AWS, by which a bucket encrypts', ({ moto: path }) => {
  let moto: Moto;
  let world: CliWorld;
  let platform: KeyWorld;
  let s3: S3Client;

  beforeAll(async () => {
    moto = await startMoto(path);
    const { endpoint, region, credentials } = moto;
    world = await preparedWorld();
    const kms = await openAwsKms({ endpoint, region, credentials });
    platform = await keyWorld({ persons: 1, tokensEach: 1, kms });
    const { arn: next } = await kms.createKey({ usage: 'encrypt', description: 'next' });
    s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const configuration = { LocationConstraint: 'eu-central-1' } as const;
    const bucket = { Bucket: 'vault', CreateBucketConfiguration: configuration };
    await s3.send(new CreateBucketCommand({ ...bucket, ObjectLockEnabledForBucket: true }));
    await encryptBy(platform.kek);
    await world.file('secrets/mail-url', platform.platformUrl);
    await world.file('secrets/id', credentials.accessKeyId);
    await world.file('secrets/key', credentials.secretAccessKey);
    await world.file('map.yaml', keyMapText);
    const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
    const login = { access_key_id: secret('id'), secret_access_key: secret('key') };
    const service = { region, endpoint, credentials: login };
    const { test: profile } = config.profiles;
    profile.platform = { url: secret('mail-url'), write_url: secret('mail-url'), map: 'map.yaml' };
    profile.kms = { adapter: 'aws', ...service };
    profile.stores.offsite = { adapter: 's3', bucket: 'vault', path_style: true, ...service };
    await world.file('postern.yaml', stringify(config));
    await world.must('key', 'rotate', 'kek', '--to', next, '--yes');
  });
  afterAll(async () => {
    s3?.destroy();
    await platform?.close();
    await world?.close();
    await moto?.stop();
  });

  const encryptBy = (keyId: string) =>
    s3.send(
      new PutBucketEncryptionCommand({
        Bucket: 'vault',
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyId } }],
        },
      }),
    );

  const retire = async (code: number) => {
    const run = await world.run('key', 'retire', platform.kek, '--dry-run', '--json');
    expect(run, run.stdout + run.stderr).toMatchObject({ code });
    const { rules } = (await checkedJson('key retire', run)).result;
    return rules
      .filter(({ verdict }: { readonly verdict: string }) => verdict !== 'met')
      .map(({ rule, evidence }: { readonly rule: string; readonly evidence: readonly string[] }) => [
        rule,
        evidence[0],
      ]);
  };

  test('is needed as long as new objects are encrypted by it, and then as long as a set is', async () => {
    expect(await retire(6)).toEqual([['not-configured', 'it encrypts new objects of store offsite']]);
    await world.must('backup', 'run');
    await encryptBy('alias/another');
    expect(await retire(6)).toEqual([
      ['no-backup', expect.stringMatching(/^needed until 20\d\d-\d\d-\d\d by set \S+ at offsite$/)],
      ['not-configured', 'alias/another, which may be it, encrypts new objects of store offsite'],
    ]);
  });
});
