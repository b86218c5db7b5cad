import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openAwsKms } from '../../../src/lib/cloud/aws/kms.ts';
import type { KmsService } from '../../../src/lib/cloud/kms-service.ts';
import { kmsRows, unaskedRows } from '../../../src/lib/key/register/kms-keys.ts';
import type { KeyringClass } from '../../../src/lib/key/register/read-keyrings.ts';
import { type KmsTestServer, startKmsServer } from '../../support/kms-server.ts';
import { codesOf, day, listKeys } from './support.ts';

let server: KmsTestServer;
let kms: KmsService;
let arn: string;
let keyId: string;
beforeAll(async () => {
  server = await startKmsServer();
  kms = await openAwsKms({ ...server, maxAttempts: 2 });
  ({ arn, keyId } = await kms.createKey({ usage: 'encrypt', description: 'mail' }));
});
afterAll(() => server.stop());
beforeEach(() => {
  server.deny();
  server.lack();
  server.forget();
});

const classOf = (kek: string): KeyringClass => ({
  keyring: 'app.key',
  state: 'active',
  kek,
  keys: 3,
  lowestVersion: 1,
  highestVersion: 1,
  oldest: null,
  old: 0,
});

const named = [{ keyId: () => keyId, usedFor: 'opens backup sets' }];
const rowsFor = (...keks: readonly string[]) =>
  kmsRows(
    {
      open: () => Promise.resolve(kms),
      scope: 'named',
      named: named.map((one) => ({ keyId: one.keyId(), usedFor: one.usedFor })),
    },
    {
      classes: keks.map(classOf),
      held: undefined,
      sets: undefined,
      cryptoperiods: { kek: 365 * day, signer: 1095 * day },
    },
    { now: new Date(), within: 30 * day },
  );

test('a key that is named by its id here and by its ARN there is one row, asked for with three rights alone', async () => {
  await kms.createKey({ usage: 'encrypt', description: 'of somebody else' });
  server.forget();
  expect(await rowsFor(arn)).toMatchObject([
    {
      id: `kek:${arn}`,
      name: 'mail',
      verdict: 'fine',
      version: '1',
      usedFor: ['opens backup sets', 'wraps 3 data keys of app.key'],
    },
  ]);
  expect([...new Set(server.calls.map(({ action }) => action))].toSorted()).toEqual([
    'DescribeKey',
    'GetKeyRotationStatus',
    'ListKeyRotations',
  ]);
});

test.each(['ListKeyRotations', 'GetKeyRotationStatus'])(
  'without the right to %s, when the key was rotated is unknown',
  async (right) => {
    server.deny(right);
    const [row] = await rowsFor();
    expect(row).toMatchObject({ state: 'enabled', verdict: 'unknown' });
    expect(row && codesOf(row)).toEqual(['rotation-unknown']);
  },
);

test('a server that does not know of rotations leaves a key listed, and its age unknown', async () => {
  server.lack('ListKeyRotations');
  const [row] = await rowsFor();
  expect(row && codesOf(row)).toEqual(['rotation-unknown']);
});

test('a key that may not be looked at is unknown, and one that is not there overdue', async () => {
  const gone = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000';
  expect((await rowsFor(gone)).find(({ name }) => name === gone)).toMatchObject({
    state: 'missing',
    verdict: 'overdue',
  });
  server.deny('DescribeKey');
  const rows = await rowsFor(arn);
  expect(rows).not.toEqual([]);
  for (const row of rows) expect(row).toMatchObject({ state: 'unknown', verdict: 'unknown' });
});

test('an alias in a keyring is refused, and told as such', async () => {
  const row = (await rowsFor('alias/mail')).find(({ name }) => name === 'alias/mail');
  expect(row && codesOf(row)).toEqual(['kms-alias']);
});

test('automatic rotation is what comes next, with its date', async () => {
  await kms.automaticRotation?.enable(keyId, 180);
  const [row] = await rowsFor();
  expect(row?.next).toMatchObject({ action: 'rotates by itself' });
  expect(Date.parse(row?.next?.from ?? '')).toBeGreaterThan(Date.now());
  await kms.automaticRotation?.disable(keyId);
});

test('a service that cannot be reached leaves the other sources told', async () => {
  const away = await openAwsKms({ ...server, endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });
  const { keys, unasked } = await listKeys({
    kms: {
      open: () => Promise.resolve(away),
      scope: 'named',
      named: [{ keyId, usedFor: 'opens backup sets' }],
    },
  });
  expect(keys).toEqual([]);
  expect(unasked).toMatchObject([{ source: 'the key management service' }]);
});

test('without a service in the profile, what wraps data keys is listed, and its age unknown', () => {
  const [row] = unaskedRows([classOf(arn)], { now: new Date(), within: 0 });
  expect(row).toMatchObject({ id: `kek:${arn}`, verdict: 'unknown', needed: [{ why: 'wraps 3 data keys' }] });
});
