import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RewrapOptions, rewrapSet } from '../../src/lib/backup/keys/rewrap.ts';
import { rewrapSets } from '../../src/lib/backup/keys/rewrap-sets.ts';
import { setsOfKey } from '../../src/lib/backup/keys/sets-of-key.ts';
import { openSignedSet, readManifest, unlock } from '../../src/lib/backup/read-set.ts';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { showSet } from '../../src/lib/backup/show.ts';
import { verifySet } from '../../src/lib/backup/verify/verify-set.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { signDetached } from '../../src/lib/crypto/openpgp-signature.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { destinationOf } from '../support/backup-world.ts';
import { testServer } from '../support/postgres.ts';
import { alteredStore, flipped } from './altered-store.ts';
import { type KeysWorld, keyPair, keysBelow, keysWorld } from './keys-world.ts';
import { sql } from './round-trip.ts';

const missing: RewrapOptions = { mode: 'apply', whom: 'missing' };
const signal = new AbortController().signal;
let world: KeysWorld;
let setId: string;
let other: string;
/** Of the first set, without `.asc`. */
let rewrap: string;

const successorKeys = () => ({ armored: [world.successor.secretKey] });

beforeAll(async () => {
  world = await keysWorld();
  other = await world.backup();
  setId = await world.backup();
  const before = await keysBelow(world.sets, setId);
  const result = await rewrapSet(await world.rewrapContext(), setId, missing);
  expect(result).toMatchObject({ outcome: 'rewrapped', recipients: [world.successor.fingerprint], gone: 0 });
  expect(await keysBelow(world.sets, setId)).toEqual(before);
  const found = await keysBelow(world.sets, `rewraps/${setId}`);
  expect(found).toHaveLength(2);
  rewrap = found.find((key) => !key.endsWith('.asc')) ?? '';
});

afterAll(() => world?.close());

const show = (keys: { readonly armored: readonly string[] }, sets = world.sets, id = setId) =>
  showSet(sets, id, keys);

const altered = (changes: ReadonlyMap<string, Uint8Array | undefined>) => ({
  ...world.sets,
  store: alteredStore(
    world.sets.store,
    new Map([...changes].map(([key, bytes]) => [world.sets.prefix + key, bytes])),
  ),
});

const read = (key: string): Promise<Uint8Array> => world.sets.store.get(world.sets.prefix + key);

test('a key that came later shows, verifies and restores a set that was wrapped again for it', async () => {
  const keys = successorKeys();
  await expect(show(keys, world.sets, other)).rejects.toMatchObject({
    exitCode: 1,
    code: 'not-for-these-keys',
  });
  expect((await show(keys)).manifest?.sources[0]).toMatchObject({ name: 'platform', rows: 500 });
  const verified = await verifySet(world.sets, setId, {
    level: 'full',
    keys,
    workers: 1,
    signal,
    progress: silentProgress,
  });
  expect(verified).toMatchObject({ opened: true, findings: [], rows: 500 });
  const database = `rewrapped_${process.pid}`;
  const context = await world.restoreContext({ workers: 1, secretKeys: keys });
  const plan = await planRestore(context, setId, { database });
  await savePlan(context, plan);
  await applyPlan(context, backupRestore, plan.id);
  const { url } = await testServer();
  const rows = await sql(
    withDatabase(url, database),
    `select count(*)::int as rows, count(*) filter (where dek = decode(md5(id::text), 'hex'))::int as deks from person`,
  );
  expect(rows).toEqual([{ rows: 500, deks: 500 }]);
  await sql(url, `drop database ${database} with (force)`);
});

test('whoever holds a rewrap can wrap the set again, and nobody is wrapped for twice', async () => {
  const third = await keyPair('third');
  const recipients = [await readRecipient(third.publicKey, new Date())];
  const context = await world.rewrapContext({ keys: successorKeys(), recipients });
  expect(await rewrapSet(context, setId, { mode: 'dry-run', whom: 'missing' })).toMatchObject({
    outcome: 'would rewrap',
  });
  expect((await rewrapSet(context, setId, missing)).outcome).toBe('rewrapped');
  expect((await rewrapSet(context, setId, missing)).outcome).toBe('nothing to do');
  expect((await rewrapSet(context, setId, { mode: 'apply', whom: 'all' })).outcome).toBe('rewrapped');
  expect((await show({ armored: [third.secretKey] })).manifest).not.toBeNull();
});

test('a rewrap is refused to whoever cannot open the set', async () => {
  const stranger = await keyPair('stranger');
  const context = await world.rewrapContext({ keys: { armored: [stranger.secretKey] } });
  await expect(rewrapSet(context, setId, missing)).rejects.toMatchObject({ code: 'not-for-these-keys' });
});

test('a changed rewrap, or one without its signature, opens nothing', async () => {
  const bytes = await read(rewrap);
  const signature = await read(`${rewrap}.asc`);
  for (const changes of [
    new Map([[rewrap, flipped(bytes, -1)]]),
    new Map([[rewrap, flipped(bytes, 20)]]),
    new Map([[rewrap, bytes.subarray(0, 100)]]),
    new Map([[rewrap, new Uint8Array()]]),
    new Map([[`${rewrap}.asc`, undefined]]),
    new Map([[`${rewrap}.asc`, flipped(signature, 200)]]),
  ])
    await expect(show(successorKeys(), altered(changes))).rejects.toMatchObject({ exitCode: 5 });
  // The recipients of the set need none of it.
  const gone = altered(new Map([[rewrap, undefined]]));
  expect((await show(world.secretKeys, gone)).manifest).not.toBeNull();
  await expect(show(successorKeys(), gone)).rejects.toMatchObject({ code: 'not-for-these-keys' });
});

test('a rewrap that somebody has written over is found among its older versions', async () => {
  const store = world.sets.store;
  const key = world.sets.prefix + rewrap;
  const { versionId } = await store.put(key, Buffer.from('junk'));
  expect((await show(successorKeys())).manifest).not.toBeNull();
  await store.delete(key, versionId === undefined ? {} : { versionId });
});

test('a rewrap of another set, copied here, is not taken for its own', async () => {
  const name = rewrap.split('/').at(-1) ?? '';
  const there = `rewraps/${other}/${name}`;
  const sets = altered(
    new Map([
      [there, await read(rewrap)],
      [`${there}.asc`, await read(`${rewrap}.asc`)],
    ]),
  );
  await expect(show(successorKeys(), sets, other)).rejects.toMatchObject({
    exitCode: 5,
    code: 'session-keys-misplaced',
  });
});

test('a rewrap signed by somebody unknown opens nothing, but an older one that is trusted still does', async () => {
  const mallory = await generateKeyPair({ name: 'm', email: 'm@example.org', purpose: 'sign' });
  const bytes = await read(rewrap);
  const forged = Buffer.from(await signDetached(bytes, { secretKey: mallory.secretKey }));
  const stranger = altered(new Map([[`${rewrap}.asc`, forged]]));
  await expect(show(successorKeys(), stranger)).rejects.toMatchObject({
    exitCode: 5,
    code: 'signer-unknown',
  });
  const newer = `rewraps/${setId}/99990101T000000Z-00000000.json.zst.pgp`;
  const both = altered(
    new Map([
      [newer, bytes],
      [`${newer}.asc`, forged],
    ]),
  );
  expect((await show(successorKeys(), both)).manifest).not.toBeNull();
});

test('the session key of a file that was exchanged is not wrapped, and the set says so', async () => {
  const set = await openSignedSet(world.sets, other);
  const { manifest } = await readManifest(world.sets, set, await unlock(world.secretKeys));
  const [first, second] = manifest.files.map(({ name }) => `${other}/${name}`);
  const [one, two] = [await read(first ?? ''), await read(second ?? '')];
  // The session key packets of one message, two of 96 bytes, in front of the content of another.
  expect([one[192], two[192]]).toEqual([0xd2, 0xd2]);
  const mixed = Buffer.concat([one.subarray(0, 192), two.subarray(192)]);
  const context = await world.rewrapContext({ sets: altered(new Map([[first ?? '', mixed]])) });
  await expect(rewrapSet(context, other, missing)).rejects.toMatchObject({
    exitCode: 5,
    code: 'session-key-mismatch',
  });
  const lost = await world.rewrapContext({ sets: altered(new Map([[first ?? '', undefined]])) });
  await expect(rewrapSet(lost, other, missing)).rejects.toMatchObject({ exitCode: 5, code: 'file-missing' });
  expect(await keysBelow(world.sets, `rewraps/${other}`)).toEqual([]);
});

test('a keyring that is gone is left out of a rewrap, and told', async () => {
  const [keyring = ''] = (await keysBelow(world.sets, `keyrings/${other}`)).filter((key) =>
    key.endsWith('.pgp'),
  );
  const context = await world.rewrapContext({ sets: altered(new Map([[keyring, undefined]])) });
  const { gone, files } = await rewrapSet(context, other, missing);
  expect(gone).toBe(1);
  const [set] = (await rewrapSets(context, [other], { mode: 'apply', whom: 'all' })).sets;
  expect(set?.files).toBe(files);
  const signed = await openSignedSet(world.sets, other);
  const { opener } = await readManifest(world.sets, signed, await unlock(successorKeys()));
  expect(opener.by).toBe('rewrap');
  await expect(opener.open(keyring, await read(keyring))).rejects.toMatchObject({
    code: 'session-key-missing',
  });
});

test('which sets a key opens is told without a secret key, by the set itself or by what was wrapped again', async () => {
  const third = await world.backup();
  const of = async (key: string) => {
    const { sets } = await setsOfKey(world.sets, Buffer.from(key), { now: new Date(), signal });
    return Object.fromEntries(sets.map((set) => [set.setId, set.opensBy]));
  };
  expect(await of(world.keys.offline.publicKey)).toEqual({
    [other]: 'recipient',
    [setId]: 'recipient',
    [third]: 'recipient',
  });
  expect(await of(world.successor.publicKey)).toEqual({
    [other]: 'rewrap',
    [setId]: 'rewrap',
    [third]: null,
  });
  expect(await of(world.keys.signer.publicKey)).toEqual({ [other]: null, [setId]: null, [third]: null });
  const junk = altered(new Map([[`${third}/manifest.json.pgp`, Buffer.from('junk')]]));
  const result = await setsOfKey(junk, Buffer.from(world.keys.offline.publicKey), {
    now: new Date(),
    signal,
  });
  expect(result).toMatchObject({ openable: 2, missing: 1 });
  expect(result.sets[2]?.problem).toMatch(/corrupt/);
});

test('one set that fails does not keep the others from their new keys', async () => {
  const late: KeyPair = await keyPair('late');
  const recipients = [await readRecipient(late.publicKey, new Date())];
  const sets = altered(new Map([[`${other}/SHA256SUMS`, Buffer.from('x')]]));
  const context = await world.rewrapContext({ recipients, sets });
  const result = await rewrapSets(context, [other, setId], missing);
  expect(result.sets.map(({ outcome }) => outcome)).toEqual(['failed', 'rewrapped']);
  expect(result.exitCode).toBe(5);
});

test('a rewrap goes to every destination that has the set, and is locked as long as the set is', async () => {
  const day = 86_400_000;
  const store = await openLocalObjectStore({ path: `${world.folder}/second`, durability: 'fast' });
  const second = { ...world.sets, destination: 'second', store };
  const lock = { mode: 'governance' as const, duration: 40 * day };
  const destinations = [destinationOf(world.sets), destinationOf(second, { lock })];
  const id = await world.backup({ destinations });
  const empty = await openLocalObjectStore({ path: `${world.folder}/empty`, durability: 'fast' });
  const context = await world.rewrapContext({
    destinations: [...destinations, destinationOf({ ...world.sets, destination: 'empty', store: empty })],
  });
  const { stored } = await rewrapSet(context, id, missing);
  expect(stored.map(({ destination }) => destination)).toEqual(['offsite', 'second']);
  const manifest = await store.head(`${second.prefix}${id}/manifest.json.pgp`);
  expect(stored[1]?.lockedUntil).toBe(manifest?.retention?.until.toISOString());
  expect((await show(successorKeys(), second, id)).manifest).not.toBeNull();
});
