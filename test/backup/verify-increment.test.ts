// An increment's mail objects are in the archives of older sets: what is wrong with those is wrong with it.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SetStore } from '../../src/lib/backup/context.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import {
  egressBudget,
  type VerifyOptions,
  verifyMany,
  verifySet,
} from '../../src/lib/backup/verify/index.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { destinationOf } from '../support/backup-world.ts';
import { alteredStore, flipped } from './altered-store.ts';
import { keyPair } from './keys-world.ts';
import { type ObjectsWorld, objectsWorld, partSize } from './objects-world.ts';
import { withoutKeys } from './verify-world.ts';

const hour = 3_600_000;
const levels = ['list', 'head', 'sample=100%', 'full'] as const;

let world: ObjectsWorld;
let full: string;
let middle: string;
/** Builds upon both. */
let newest: string;
/** Of the full set. */
let archive: string;

beforeAll(async () => {
  world = await objectsWorld();
  const lock = { mode: 'governance', duration: hour } as const;
  const context = () => world.context({ destinations: [destinationOf(world.sets, { lock })] });
  await world.mailed('a', randomBytes(3 * partSize));
  full = (await runBackup(context())).setId;
  await world.mailed('b', randomBytes(2 * partSize));
  middle = (await runBackup(context())).setId;
  await world.mailed('c', 'small');
  newest = (await runBackup(context())).setId;
  archive = `${full}/objects/000002.tar.zst.pgp`;
  expect((await world.manifest(newest)).objects?.base.map(({ setId }) => setId)).toEqual([full, middle]);
});

afterAll(() => world?.close());

const signal = new AbortController().signal;

async function verify({
  sets = world.sets,
  setId = newest,
  ...changes
}: Partial<VerifyOptions> & { readonly sets?: SetStore; readonly setId?: string } = {}) {
  const common = { keys: world.secretKeys, workers: 1, progress: silentProgress, signal };
  const state = await world.context().state();
  return verifySet(sets, setId, { level: 'full', state, ...common, ...changes });
}

async function changed(
  file: string,
  change: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<SetStore> {
  const key = world.sets.prefix + file;
  const changes = new Map([[key, change(await world.sets.store.get(key))]]);
  return { ...world.sets, store: alteredStore(world.sets.store, changes) };
}

test.each(levels)(
  'at level %s an increment whose base sets are whole passes, and their archives count',
  async (level) => {
    const result = await verify({ level });
    expect(result).toMatchObject({ outcome: 'passed', findings: [], notes: [] });
    // Five archives of two sets or more, and their two manifests.
    expect(result.base.files).toBeGreaterThanOrEqual(7);
    expect(result.base.bytes).toBeGreaterThan(5 * partSize);
    expect(result.checked.files).toBe(result.files + 1 + result.base.files);
    expect((await verify({ level, setId: full })).base).toEqual({ files: 0, bytes: 0 });
  },
);

describe.each(levels)('at level %s', (level) => {
  test.each(['with a key', 'without one'])(
    'an archive of a base set that is gone is missing, %s',
    async (key) => {
      const sets = withoutKeys(world.sets, new RegExp(`${archive}$`));
      const keys = key === 'with a key' ? world.secretKeys : undefined;
      expect(await verify({ sets, level, keys })).toMatchObject({
        outcome: 'failed',
        findings: [{ kind: 'missing', file: archive }],
      });
    },
  );

  test('an archive of a base set with another size is a finding that names both', async () => {
    const sets = await changed(archive, (bytes) => bytes.subarray(1));
    const { findings } = await verify({ sets, level });
    expect(findings.map(({ file }) => file)).toContain(archive);
    expect(new Set(findings.map(({ file }) => file))).toEqual(new Set([archive]));
  });

  test('a base set that is gone is missing by its name', async () => {
    const sets = withoutKeys(world.sets, new RegExp(`/${full}/`));
    expect((await verify({ sets, level })).findings).toMatchObject([
      { kind: 'missing', file: `${full}/manifest.json.pgp`, message: expect.stringContaining(full) },
    ]);
  });

  test('a base set whose list nobody vouches for counts for nothing', async () => {
    const sets = await changed(`${full}/SHA256SUMS`, (bytes) => flipped(bytes, 3));
    expect((await verify({ sets, level })).findings).toMatchObject([
      { kind: 'signature', file: `${full}/SHA256SUMS.asc` },
    ]);
  });

  test('what else is wrong with a base set is left to its own verification', async () => {
    const sets = withoutKeys(world.sets, new RegExp(`${full}/(README|platform/|objects/index)`));
    expect((await verify({ sets, level })).findings).toEqual([]);
  });
});

test.each(['sample=100%', 'full'] as const)(
  'at level %s a flipped bit in an archive of a base set is found',
  async (level) => {
    const sets = await changed(archive, (bytes) => flipped(bytes, -20));
    for (const keys of [world.secretKeys, undefined])
      expect((await verify({ sets, level, keys })).findings).toMatchObject([
        { kind: 'changed', file: archive },
      ]);
  },
);

test('a manifest of a base set that was changed is found where it is read', async () => {
  const name = `${full}/manifest.json.pgp`;
  const sets = await changed(name, (bytes) => flipped(bytes, -1));
  for (const keys of [world.secretKeys, undefined])
    expect((await verify({ sets, keys })).findings).toMatchObject([{ kind: 'changed', file: name }]);
});

test('at level head the checksum and the lock of archives of base sets are compared', async () => {
  const { store } = world.sets;
  const saying = (change: object): SetStore => ({
    ...world.sets,
    store: {
      ...store,
      head: async (key, options) => {
        const found = await store.head(key, options);
        return found !== undefined && key.endsWith(archive) ? { ...found, ...change } : found;
      },
    },
  });
  const other = saying({ sha256: '0'.repeat(64) });
  expect((await verify({ sets: other, level: 'head' })).findings).toMatchObject([
    { kind: 'changed', file: archive },
  ]);
  const unlocked = saying({ retention: undefined });
  for (const keys of [world.secretKeys, undefined])
    expect((await verify({ sets: unlocked, level: 'head', keys })).findings).toMatchObject([
      { kind: 'lock', file: archive },
    ]);
});

test('archives of base sets count against the egress cap, remain for it, and are not read again by --resume', async () => {
  const whole = await verify();
  expect(whole.egress).toBeGreaterThan(5 * partSize);
  const first = await verify({ egress: egressBudget(Math.floor(whole.egress / 2)) });
  expect(first).toMatchObject({ outcome: 'incomplete', findings: [] });
  const second = await verify({ mode: 'resume' });
  expect(second).toMatchObject({ outcome: 'passed', findings: [] });
  expect(second.skipped.bytes).toBeGreaterThan(partSize);
  expect(second.checked.files + second.skipped.files).toBe(whole.checked.files);
});

test('a cap that the index does not fit leaves it for --resume, and findings are told at every cap', async () => {
  const whole = await verify();
  const first = await verify({ egress: egressBudget(whole.egress - 1) });
  expect(first).toMatchObject({ outcome: 'incomplete', findings: [] });
  expect(first.remaining.files).toBeGreaterThan(0);
  expect(await verify({ mode: 'resume' })).toMatchObject({ outcome: 'passed', findings: [] });
  const sets = withoutKeys(world.sets, new RegExp(`${archive}$`));
  const { egress: list } = await verify({ sets, level: 'list' });
  for (let cap = list; cap < whole.egress; cap += Math.ceil(whole.egress / 7))
    expect((await verify({ sets, egress: egressBudget(cap) })).findings, `${cap}`).toMatchObject([
      { kind: 'missing', file: archive },
    ]);
});

test('a sample takes an archive of each base set', async () => {
  const read = new Set<string>();
  const { store } = world.sets;
  const open: typeof store.open = (key, options) => {
    read.add(key.slice(world.sets.prefix.length));
    return store.open(key, options);
  };
  await verify({ sets: { ...world.sets, store: { ...store, open } }, level: 'sample=1%' });
  for (const setId of [full, middle])
    expect([...read].filter((name) => name.startsWith(`${setId}/objects/0`))).toHaveLength(1);
});

test('a verification of all sets reads each archive once', async () => {
  const reads: string[] = [];
  const { store } = world.sets;
  const open: typeof store.open = (key, options) => {
    reads.push(key);
    return store.open(key, options);
  };
  const { results } = await verifyMany([{ ...world.sets, store: { ...store, open } }], {
    which: 'all',
    level: 'full',
    keys: world.secretKeys,
    workers: 1,
    progress: silentProgress,
    signal,
    state: await world.context().state(),
  });
  expect(results.map(({ setId, outcome }) => [setId, outcome])).toEqual([
    [newest, 'passed'],
    [middle, 'passed'],
    [full, 'passed'],
  ]);
  const archives = reads.filter((key) => key.endsWith('.tar.zst.pgp'));
  expect(archives.toSorted()).toEqual([...new Set(archives)].toSorted());
  expect(results.at(-1)?.checked.files).toBe((await verify({ setId: full })).checked.files);
});

test('without a key that opens a base set its archives are compared as they are stored, and a note says so', async () => {
  expect((await verify({ keys: undefined })).notes).toEqual([
    expect.stringMatching(/^the index of the mail objects was not opened/),
  ]);
  const late = await keyPair('late');
  const { setId } = await runBackup(
    world.context({
      destinations: [destinationOf(world.sets, { lock: { mode: 'governance', duration: hour } })],
      recipients: [await readRecipient(late.publicKey, new Date())],
    }),
  );
  const keys = { armored: [late.secretKey] };
  for (const level of ['head', 'full'] as const) {
    const result = await verify({ setId, keys, level });
    expect(result).toMatchObject({ outcome: 'passed', opened: true, findings: [] });
    expect(result.notes.join('\n')).toContain(full);
    expect(result.notes.join('\n')).toContain('none of the configured keys opens');
  }
  const sets = await changed(archive, (bytes) => flipped(bytes, -20));
  expect((await verify({ sets, setId, keys })).findings).toMatchObject([{ kind: 'changed', file: archive }]);
});
