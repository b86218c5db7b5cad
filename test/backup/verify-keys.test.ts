// Keys that do not open a set, rewraps that cannot be believed: what verification does without, and what it says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SecretKeys, SetStore } from '../../src/lib/backup/context.ts';
import { rewrapSet } from '../../src/lib/backup/keys/rewrap.ts';
import { egressBudget, type VerifyOptions, verifySet } from '../../src/lib/backup/verify/index.ts';
import { failure } from '../../src/lib/base/error.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { verifyRemarks } from '../../src/lib/cli/verify-text.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { createLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { signDetached } from '../../src/lib/crypto/openpgp-signature.ts';
import { alteredStore, flipped } from './altered-store.ts';
import { type KeysWorld, keyPair, keysBelow, keysWorld } from './keys-world.ts';

const signal = new AbortController().signal;
let world: KeysWorld;
let setId: string;
/** A rewrap for the successor, without `.asc`. */
let rewrap: string;
/** A file of the set with rows. */
let part: string;

beforeAll(async () => {
  world = await keysWorld();
  setId = await world.backup();
  await rewrapSet(await world.rewrapContext(), setId, { mode: 'apply', whom: 'missing' });
  const rewraps = await keysBelow(world.sets, `rewraps/${setId}`);
  rewrap = rewraps.find((key) => !key.endsWith('.asc')) ?? '';
  const parts = await keysBelow(world.sets, `${setId}/platform/30-data`);
  part = parts[0]?.slice(setId.length + 1) ?? '';
});

afterAll(() => world?.close());

const read = (key: string): Promise<Uint8Array> => world.sets.store.get(world.sets.prefix + key);

function altered(...changes: readonly (readonly [string, Uint8Array | undefined])[]): SetStore {
  const keys = changes.map(([key, bytes]) => [world.sets.prefix + key, bytes] as const);
  return { ...world.sets, store: alteredStore(world.sets.store, new Map(keys)) };
}

function verify({
  sets = world.sets,
  id = setId,
  ...changes
}: Partial<VerifyOptions> & { readonly sets?: SetStore; readonly id?: string } = {}) {
  const common = { workers: 1, signal, progress: silentProgress };
  return verifySet(sets, id, { level: 'full', keys: world.secretKeys, ...common, ...changes });
}

const stranger = async (): Promise<SecretKeys> => ({ armored: [(await keyPair('stranger')).secretKey] });

describe('keys that do not open the set', () => {
  test.each(['list', 'head', 'sample=100%', 'full'] as const)(
    'end nothing at level %s, and let nothing that they were to open pass',
    async (level) => {
      const result = await verify({ level, keys: await stranger() });
      expect(result).toMatchObject({ opened: false, findings: [], rows: null });
      if (level === 'list') expect(result).toMatchObject({ outcome: 'passed', unopened: null, notes: [] });
      else
        expect(result).toMatchObject({
          outcome: 'incomplete',
          unopened: 'other-keys',
          notes: [`none of the configured keys opens ${setId}, so its contents were not opened`],
        });
      expect(verifyRemarks(result).join()).not.toContain('no secret key');
    },
  );

  test('leave the hashes to be compared', async () => {
    const file = `${setId}/${part}`;
    const sets = altered([file, flipped(await read(file), -1)]);
    expect(await verify({ sets, keys: await stranger() })).toMatchObject({
      outcome: 'failed',
      findings: [{ kind: 'changed', file: part }],
    });
  });

  test('of a service that refuses are told with its reason, and leave the verification incomplete; a service that cannot be reached ends with 1', async () => {
    const service: KmsService = await createLocalKms({
      path: `${world.folder}/kms.sealed`,
      unlock: { passphrase: 'p' },
      scryptLogN: 14,
    });
    const { keyId } = await service.createKey({ usage: 'encrypt', description: 'backups' });
    const offline = await readRecipient(world.keys.offline.publicKey, new Date());
    const id = await world.backup({ kms: { kms: service, keyId }, recipients: [offline] });
    const by = (code: string): SecretKeys => ({
      armored: [],
      kms: async () => ({ ...service, decrypt: () => Promise.reject(failure('it says no', { code })) }),
    });
    for (const code of ['kms-access-denied', 'kms-key-unusable', 'kms-key-missing'])
      expect(await verify({ id, keys: by(code) }), code).toMatchObject({
        outcome: 'incomplete',
        opened: false,
        unopened: 'service',
        findings: [],
        notes: [expect.stringMatching(/^the key management service does not open .*: it says no$/)],
      });
    await expect(verify({ id, keys: by('kms-failed') })).rejects.toMatchObject({ exitCode: 1 });
  });
});

test('a manifest that cannot be read is told as that, not as a key that is missing', async () => {
  const file = `${setId}/manifest.json.pgp`;
  const sets = altered([file, flipped(await read(file), -1)]);
  const result = await verify({ sets });
  expect(result).toMatchObject({ opened: false, unopened: 'damaged', findings: [{ kind: 'changed' }] });
  expect(verifyRemarks(result)).toEqual([
    'what opens the set could not be read, as the findings say, so the contents were not opened',
  ]);
  const closed = await verify({ keys: undefined });
  expect(closed).toMatchObject({ opened: false, unopened: 'no-key' });
  expect(verifyRemarks(closed)).toEqual([
    'no secret key is configured here, so the contents were not opened',
  ]);
});

test('a set of which nothing can be believed is not told as one without a key', async () => {
  const file = `${setId}/SHA256SUMS`;
  const result = await verify({ sets: altered([file, flipped(await read(file), 3)]) });
  expect(result).toMatchObject({ opened: false, unopened: 'damaged' });
});

test('a file for which the rewrap has no key is compared as it is stored, and a note names it', async () => {
  const id = await world.backup();
  const [keyring = ''] = await keysBelow(world.sets, `keyrings/${id}`);
  const gone = await world.rewrapContext({ sets: altered([keyring, undefined]) });
  await rewrapSet(gone, id, { mode: 'apply', whom: 'missing' });
  const keys = { armored: [world.successor.secretKey] };
  const result = await verify({ id, keys });
  expect(result).toMatchObject({ outcome: 'passed', opened: true, findings: [], rows: 500 });
  expect(result.notes).toEqual([expect.stringContaining(keyring)]);
  const sets = altered([keyring, flipped(await read(keyring), -1)]);
  expect((await verify({ id, keys, sets })).findings).toMatchObject([{ kind: 'changed', file: keyring }]);
});

describe('a rewrap that cannot be believed', () => {
  const successor = (): SecretKeys => ({ armored: [world.successor.secretKey] });
  const signedByAnother = async (): Promise<Uint8Array> => {
    const other = await generateKeyPair({ name: 'x', email: 'x@example.org', purpose: 'sign' });
    return Buffer.from(await signDetached(await read(rewrap), { secretKey: other.secretKey }));
  };
  const bad: readonly (readonly [string, () => Promise<SetStore>, RegExp])[] = [
    ['that is damaged', async () => altered([rewrap, flipped(await read(rewrap), -1)]), /signature/],
    ['without its signature', async () => altered([`${rewrap}.asc`, undefined]), /is not there/],
    ['by an unknown signer', async () => altered([`${rewrap}.asc`, await signedByAnother()]), /./],
  ];

  test.each(bad)('%s is a finding that names it where these keys need it', async (_, spoil) => {
    const sets = await spoil();
    const result = await verify({ sets, keys: successor() });
    expect(result).toMatchObject({ outcome: 'failed', opened: false, unopened: 'damaged' });
    expect(result.findings).toHaveLength(1);
    expect(result.findings[0]?.file?.replace(/\.asc$/, '')).toBe(rewrap);
    for (const note of result.notes) expect(note).not.toContain(rewrap);
  });

  test.each(bad)('%s is a note for whoever opens the set without it', async (_, spoil, why) => {
    const sets = await spoil();
    for (const keys of [world.secretKeys, undefined]) {
      const { outcome, findings, notes } = await verify({ sets, keys });
      expect({ outcome, findings }).toEqual({ outcome: 'passed', findings: [] });
      expect(notes).toEqual([expect.stringContaining(rewrap)]);
      expect(notes[0]).toMatch(why);
    }
  });

  test('that is whole, or was written over or hidden and is still there, is neither', async () => {
    const { store, prefix } = world.sets;
    for (const spoil of ['nothing', 'written over', 'hidden'] as const) {
      if (spoil === 'written over') await store.put(prefix + rewrap, Buffer.from('junk'));
      if (spoil === 'hidden') await store.delete(prefix + rewrap);
      expect(await verify(), spoil).toMatchObject({ findings: [], notes: [] });
      expect(await verify({ keys: successor() }), spoil).toMatchObject({
        opened: true,
        findings: [],
        notes: [],
      });
      for await (const { versionId, size, isDeleteMarker } of store.listVersions(prefix + rewrap))
        if ((isDeleteMarker || size === 4) && versionId !== undefined)
          await store.delete(prefix + rewrap, { versionId });
    }
  });

  test('and files beside the rewraps that are none, are told', async () => {
    const sets = altered([`rewraps/${setId}/junk`, Buffer.from('x')]);
    expect((await verify({ sets })).notes).toEqual([expect.stringContaining(`rewraps/${setId}/junk`)]);
  });

  test('is not looked for where the egress cap is reached, and that is told', async () => {
    const { egress } = await verify({ keys: undefined });
    const size = (await read(rewrap)).byteLength;
    const result = await verify({ keys: undefined, egress: egressBudget(egress - size) });
    expect(result.notes).toEqual([expect.stringContaining('rewraps were not looked at, for the egress cap')]);
  });
});
