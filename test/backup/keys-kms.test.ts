import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SecretKeys } from '../../src/lib/backup/context.ts';
import { stub as stubSchema } from '../../src/lib/backup/format/manifest.ts';
import { rewrapSet } from '../../src/lib/backup/keys/rewrap.ts';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { showSet } from '../../src/lib/backup/show.ts';
import { verifySet } from '../../src/lib/backup/verify/verify-set.ts';
import { failure } from '../../src/lib/base/error.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openAwsKms } from '../../src/lib/cloud/aws/kms.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { createLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { answer, startFaultServer } from '../support/fault-server.ts';
import { testServer } from '../support/postgres.ts';
import { alteredStore } from './altered-store.ts';
import { type KeysWorld, keysBelow, keysWorld } from './keys-world.ts';
import { sql } from './round-trip.ts';

let world: KeysWorld;
let kms: KmsService;
let keyId: string;
/** Made with the local key, for one recipient only. */
let setId: string;

const byKms = (service: KmsService = kms): SecretKeys => ({ armored: [], kms: async () => service });

beforeAll(async () => {
  world = await keysWorld();
  kms = await createLocalKms({
    path: `${world.folder}/kms.sealed`,
    unlock: { passphrase: 'p' },
    scryptLogN: 14,
  });
  ({ keyId } = await kms.createKey({ usage: 'encrypt', description: 'backups' }));
  const offline = await readRecipient(world.keys.offline.publicKey, new Date());
  // What a host may do that writes backups: encrypt, and nothing else.
  const writer = { ...kms, decrypt: refuse, describeKey: refuse, listKeys: refuse };
  setId = await world.backup({ kms: { kms: writer, keyId }, recipients: [offline] });
});

afterAll(() => world?.close());

function refuse(): never {
  throw failure('the writing host may not do this', { code: 'kms-access-denied' });
}

const stubOf = async (id: string) =>
  stubSchema.parse(
    JSON.parse(Buffer.from(await world.sets.store.get(`${world.sets.prefix}${id}/set.json`)).toString()),
  );

test('a host that may only encrypt makes a set that the service opens without a secret key', async () => {
  expect((await stubOf(setId)).kms).toMatchObject({ keyId, context: { setId, profile: 'test' } });
  expect((await showSet(world.sets, setId, byKms())).manifest?.sources[0]).toMatchObject({ rows: 500 });
  const options = { level: 'full', workers: 1, progress: silentProgress } as const;
  const signal = new AbortController().signal;
  const verified = await verifySet(world.sets, setId, { ...options, signal, keys: byKms() });
  expect(verified).toMatchObject({ opened: true, findings: [], rows: 500 });
  const closed = await verifySet(world.sets, setId, { ...options, signal, keys: undefined });
  expect(closed).toMatchObject({ opened: false, findings: [] });
});

test('a restore by the service alone brings back rows and wrapped keys', async () => {
  const database = `by_kms_${process.pid}`;
  const context = await world.restoreContext({ workers: 1, secretKeys: byKms() });
  const plan = await planRestore(context, setId, { database });
  await savePlan(context, plan);
  await applyPlan(context, backupRestore, plan.id);
  const { url } = await testServer();
  const [keyring] = await sql(
    url.replace(/\/[^/]*$/, `/${database}`),
    'select count(dek)::int as deks from person',
  );
  expect(keyring).toEqual({ deks: 500 });
  await sql(url, `drop database ${database} with (force)`);
});

test('the recipient opens the set without the service, and whoever opens it by the service can wrap it again', async () => {
  const offline = { armored: [world.keys.offline.secretKey], kms: refuse };
  expect((await showSet(world.sets, setId, offline)).manifest).not.toBeNull();
  const rewrapped = await rewrapSet(await world.rewrapContext({ keys: byKms() }), setId, {
    mode: 'apply',
    whom: 'missing',
  });
  expect(rewrapped.outcome).toBe('rewrapped');
  const successor = { armored: [world.successor.secretKey], kms: refuse };
  expect((await showSet(world.sets, setId, successor)).manifest).not.toBeNull();
});

test('a set without a key of the service stays closed for whoever has only the service', async () => {
  const plain = await world.backup();
  expect((await stubOf(plain)).kms).toBeUndefined();
  expect((await showSet(world.sets, plain, byKms())).manifest).toBeNull();
  expect(await keysBelow(world.sets, `${plain}/session-keys`)).toEqual([]);
});

describe('a key that does not open', () => {
  afterEach(async () => {
    const { state } = await kms.describeKey(keyId);
    if (state === 'pending-deletion') await kms.cancelKeyDeletion(keyId);
    if (state !== 'enabled') await kms.enableKey(keyId);
  });

  const states = [
    ['is disabled', (service: KmsService, id: string) => service.disableKey(id), /disabled/],
    [
      'is pending deletion',
      (service: KmsService, id: string) => service.scheduleKeyDeletion(id, 7),
      /pending/,
    ],
  ] as const;

  test.each(states)('says that it %s, and a run with it writes nothing', async (_, spoil, words) => {
    const before = await keysBelow(world.sets, '');
    await spoil(kms, keyId);
    const unusable = { exitCode: 1, code: 'kms-key-unusable', message: expect.stringMatching(words) };
    await expect(showSet(world.sets, setId, byKms())).rejects.toMatchObject(unusable);
    await expect(world.backup({ kms: { kms, keyId } })).rejects.toMatchObject(unusable);
    expect(await keysBelow(world.sets, '')).toEqual(before);
  });

  // moto lets disabled keys work, so the answers are those of AWS's documentation.
  test.each([
    ['DisabledException', 'kms-key-unusable', /it is disabled/],
    ['KMSInvalidStateException', 'kms-key-unusable', /is pending deletion/],
    ['AccessDeniedException', 'kms-access-denied', /is not allowed/],
    ['NotFoundException', 'kms-key-missing', /there is no key/],
  ])('says so where AWS answers %s', async (type, code, words) => {
    const server = await startFaultServer();
    const aws = await openAwsKms({
      endpoint: server.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const message = `${keyId} is pending deletion.`;
    const headers = { 'content-type': 'application/x-amz-json-1.1' };
    server.script(answer(400, headers, JSON.stringify({ __type: type, message })));
    await expect(showSet(world.sets, setId, byKms(aws))).rejects.toMatchObject({
      exitCode: 1,
      code,
      message: expect.stringMatching(words),
    });
    await server.stop();
  });
});

test("the list of one set does not open another, though the service's key does", async () => {
  const other = await world.backup({ kms: { kms, keyId } });
  const path = (id: string, name: string) => `${world.sets.prefix}${id}/${name}`;
  const list = await world.sets.store.get(path(setId, 'session-keys.json.zst.pgp'));
  const changes = new Map([[path(other, 'session-keys.json.zst.pgp'), list]]);
  const sets = { ...world.sets, store: alteredStore(world.sets.store, changes) };
  await expect(showSet(sets, other, byKms())).rejects.toMatchObject({ exitCode: 5, code: 'file-changed' });
  const { openKmsList } = await import('../../src/lib/backup/keys/kms-list.ts');
  const [mine, its] = [await stubOf(setId), await stubOf(other)];
  if (mine.kms === undefined || its.kms === undefined) throw new Error('both are in KMS mode');
  const set = { setId: other, profile: 'test', manifestSha256: '0'.repeat(64) };
  await expect(openKmsList(kms, mine.kms, set, list)).rejects.toMatchObject({
    code: 'session-keys-misplaced',
  });
  const forged = { ...mine.kms, context: its.kms.context };
  await expect(openKmsList(kms, forged, set, list)).rejects.toMatchObject({
    exitCode: 5,
    code: 'kms-wrong-key',
  });
  const relisted = { ...set, setId, manifestSha256: '0'.repeat(64) };
  await expect(openKmsList(kms, mine.kms, relisted, list)).rejects.toMatchObject({
    exitCode: 5,
    code: 'session-keys-misplaced',
  });
});
