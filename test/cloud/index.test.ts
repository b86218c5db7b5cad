import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openKms, openObjectStore } from '../../src/lib/cloud/index.ts';
import { createLocalKms } from '../../src/lib/cloud/local/kms.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-cloud-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('settings choose the adapter of the object store', async () => {
  const local = await openObjectStore({ adapter: 'local', path: join(folder, 'store') });
  expect(local.location).toMatch(/^file:\/\/.*\/store$/);
  const remote = await openObjectStore({
    adapter: 's3',
    bucket: 'mail',
    prefix: 'off-site',
    region: 'eu-central-1',
  });
  expect(remote.location).toBe('s3://mail/off-site');
});

test('settings choose the adapter of the key management service', async () => {
  const path = join(folder, 'keys');
  await createLocalKms({ path, unlock: { passphrase: 'x' }, scryptLogN: 14 });
  expect((await openKms({ adapter: 'local', path, unlock: { passphrase: 'x' } })).location).toMatch(
    /^file:\/\/.*\/keys$/,
  );
  expect((await openKms({ adapter: 'aws', region: 'eu-central-1' })).location).toBe('aws-kms:eu-central-1');
});
