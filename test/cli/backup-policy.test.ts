import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-policy-'));
  const lock = { mode: 'compliance', for: '365d' };
  await writeFile(
    join(folder, 'postern.yaml'),
    stringify({
      version: 1,
      default_profile: 'production',
      profiles: {
        production: {
          stores: {
            vault: { adapter: 's3', bucket: 'vault', prefix: '/off-site/', region: 'us-gov-west-1' },
            minio: {
              adapter: 's3',
              bucket: 'minio',
              region: 'cn-home',
              endpoint: 'https://minio.example:9000',
            },
            plain: { adapter: 's3', bucket: 'plain', endpoint: 'http://127.0.0.1:9000' },
            disk: { adapter: 'local', path: 'disk' },
          },
          backup: {
            destinations: {
              offsite: { store: 'vault', lock },
              near: { store: 'minio', prefix: 'b' },
              plain: { store: 'plain' },
              disk: { store: 'disk' },
            },
            recipients: ['a.asc', 'b.asc'],
            signer: { secret_key: 'none.asc', passphrase: '${env:NOT_SET_ANYWHERE}' },
            trusted_signers: ['none.asc'],
          },
        },
      },
    }),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const policy = (...argv: readonly string[]) => runCli(['backup', 'policy', ...argv], { cwd: folder });

test('prints one policy as AWS takes it, without reading a key or a secret', async () => {
  const run = await policy('--destination', 'offsite', '--role', 'writer');
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const document = JSON.parse(run.stdout);
  expect(document).toMatchObject({ Version: '2012-10-17' });
  expect(document.Statement[0]).toMatchObject({
    Action: expect.arrayContaining(['s3:PutObjectRetention']),
    Resource: 'arn:aws-us-gov:s3:::vault/off-site/backup/production/*',
  });
});

test('prints all of them under their names, and as a checked result', async () => {
  const run = await policy('--destination', 'near');
  expect(Object.keys(JSON.parse(run.stdout))).toEqual(['writer', 'reader', 'rewrapper', 'pruner', 'bucket']);
  expect(run.stdout).toContain('arn:aws:s3:::minio/b/production/*');
  expect(run.stdout).not.toContain('s3:object-lock-mode');
  const json = await checkedJson(
    'backup policy',
    await policy('--destination', 'offsite', '--role', 'bucket', '--json'),
  );
  expect(json.result).toMatchObject({ destination: 'offsite', bucket: 'vault' });
  expect(Object.keys(json.result.policies)).toEqual(['bucket']);
});

test('asks for TLS, but not of a store that is spoken to without, which would lock everybody out', async () => {
  expect((await policy('--destination', 'near', '--role', 'bucket')).stdout).toContain('OnlyOverTls');
  expect((await policy('--destination', 'plain', '--role', 'bucket')).stdout).not.toContain('OnlyOverTls');
});

test('names the writer to the bucket when it is told who that is', async () => {
  const arn = 'arn:aws-us-gov:iam::111122223333:role/backup';
  const run = await policy('--destination', 'offsite', '--role', 'bucket', '--writer-arn', arn);
  expect(run.stdout).toContain(arn);
});

test.each([
  ['nowhere', 'no destination nowhere', 'offsite, near, plain, disk'],
  ['disk', 'is no bucket', 'use a bucket with Object Lock'],
])('refuses the destination %s and says why', async (name, message, hint) => {
  const run = await policy('--destination', name);
  expect(run.code).toBe(2);
  expect(run.stdout).toBe('');
  expect(run.stderr).toContain(message);
  expect(run.stderr).toContain(hint);
});
