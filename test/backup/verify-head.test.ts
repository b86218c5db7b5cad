import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SetStore } from '../../src/lib/backup/context.ts';
import { parseLevel } from '../../src/lib/backup/verify/index.ts';
import type { Clock } from '../../src/lib/base/clock.ts';
import type { StoredObject } from '../../src/lib/cloud/object-store.ts';
import { keyringLock, setLock, type VerifyWorld, verifyWorld, withoutKeys } from './verify-world.ts';

let world: VerifyWorld;

beforeAll(async () => {
  world = await verifyWorld();
});

afterAll(() => world?.close());

const later = (by: number): Clock => ({ now: () => new Date(Date.now() + by) });

/** A store that says otherwise of some objects. */
function saying(pattern: RegExp, change: (found: StoredObject) => StoredObject): SetStore {
  const { store } = world.sets;
  return {
    ...world.sets,
    store: {
      ...store,
      head: async (key, options) => {
        const found = await store.head(key, options);
        return found !== undefined && pattern.test(key) ? change(found) : found;
      },
    },
  };
}

const unlocked = ({ key, size, modified, versionId = '' }: StoredObject): StoredObject => ({
  key,
  size,
  modified,
  versionId,
});
const shorter = (by: number) => (object: StoredObject) => ({
  ...object,
  retention: {
    mode: 'governance' as const,
    until: new Date((object.retention?.until.getTime() ?? 0) - by),
  },
});

test('an unchanged set passes, reads the manifest only, and tells until when it is locked', async () => {
  const full = await world.verify();
  const head = await world.verify({ level: 'head' });
  expect(head).toMatchObject({ outcome: 'passed', findings: [], notes: [], opened: true, rows: null });
  expect(head.checked).toEqual(full.checked);
  expect(head.egress).toBeLessThan(full.egress / 4);
  const until = Date.parse(head.lockedUntil ?? '') - Date.now();
  expect(until).toBeLessThan(keyringLock);
});

test('a lock that is missing is a finding for each file, encrypted or clear', async () => {
  for (const file of [world.part, 'README.txt', 'SHA256SUMS', 'manifest.json.pgp', world.keyring]) {
    const sets = saying(new RegExp(`${file}$`), unlocked);
    expect((await world.verify({ sets, level: 'head' })).findings, file).toMatchObject([
      { kind: 'lock', file, message: expect.stringContaining('missing') },
    ]);
  }
});

test('a lock that is shorter than it was is a finding, but for the fraction of a second that stores drop', async () => {
  const sets = saying(new RegExp(`${world.part}$`), shorter(60_000));
  expect((await world.verify({ sets, level: 'head' })).findings).toMatchObject([
    { kind: 'lock', file: world.part, message: expect.stringContaining('shorter') },
  ]);
  const rounded = saying(/./, shorter(999));
  expect((await world.verify({ sets: rounded, level: 'head' })).findings).toEqual([]);
});

test('a lock that has ended is no finding, only a note', async () => {
  const clock = later(setLock + 60_000);
  const sets = saying(/./, unlocked);
  for (const where of [world.sets, sets])
    expect(await world.verify({ sets: where, level: 'head', clock })).toMatchObject({
      outcome: 'passed',
      notes: [expect.stringMatching(/^the lock of files of the set ended on 20/)],
    });
});

test('without a key, the clear parts are compared, and locks with what the register knows', async () => {
  const closed = { level: 'head', keys: undefined } as const;
  expect(await world.verify(closed)).toMatchObject({ outcome: 'passed', opened: false });
  const sets = saying(/README|30-data/, unlocked);
  const { findings } = await world.verify({ ...closed, sets });
  expect(findings.length).toBeGreaterThan(1);
  expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['lock']));
  expect((await world.verify({ ...closed, sets, state: undefined })).findings).toEqual([]);
});

test('a checksum or size that the store keeps and nobody signed is a finding', async () => {
  const otherHash = saying(new RegExp(`${world.part}$`), (object) => ({ ...object, sha256: '0'.repeat(64) }));
  expect((await world.verify({ sets: otherHash, level: 'head' })).findings).toMatchObject([
    { kind: 'changed', file: world.part },
  ]);
  const otherSize = saying(new RegExp(`${world.part}$`), (object) => ({ ...object, size: object.size + 1 }));
  expect((await world.verify({ sets: otherSize, level: 'head' })).findings).toMatchObject([
    { kind: 'size', file: world.part },
  ]);
});

test('a bucket that was copied, with versions of its own, passes', async () => {
  const { store } = world.sets;
  const copied: SetStore = {
    ...world.sets,
    store: {
      ...store,
      head: async (key, options) => {
        if (options?.versionId !== undefined) return undefined;
        const found = await store.head(key);
        return found && { ...found, versionId: `copy of ${found.versionId}` };
      },
    },
  };
  expect((await world.verify({ sets: copied, level: 'head' })).findings).toEqual([]);
});

test.each(['head', 'full'] as const)(
  'at level %s a keyring that is gone is a finding while its lock lasts, and a note afterwards',
  async (level) => {
    const sets = withoutKeys(world.sets, /\/keyrings\//);
    expect((await world.verify({ sets, level })).findings).toMatchObject([
      { kind: 'missing', file: world.keyring },
    ]);
    const { findings, notes } = await world.verify({ sets, level, clock: later(keyringLock + 60_000) });
    expect(findings).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(/^keyring gone since 20/)]);
  },
);

test('a keyring is opened and its keys counted; a changed one or one without its signature is found', async () => {
  const sets = withoutKeys(world.sets, /keyrings\/.*\.asc$/);
  expect((await world.verify({ sets })).findings).toMatchObject([
    { kind: 'missing', file: `${world.keyring}.asc` },
  ]);
  const copy = await world.copy();
  const { store } = copy;
  const key = copy.prefix + world.keyring;
  const broken: SetStore = {
    ...copy,
    store: {
      ...store,
      open: async (name, options) => {
        const opened = await store.open(name, options);
        return name === key ? { ...opened, body: zeros(opened.object.size) } : opened;
      },
    },
  };
  expect((await world.verify({ sets: broken })).findings).toMatchObject([
    { kind: 'changed', file: world.keyring },
  ]);
  await store.put(`${copy.prefix}keyrings/${world.newer}/more`, Buffer.from('x'));
  expect((await world.verify({ sets: copy })).findings).toMatchObject([
    { kind: 'unlisted', file: `keyrings/${world.newer}/more` },
  ]);
});

async function* zeros(size: number): AsyncIterable<Uint8Array> {
  yield new Uint8Array(size);
}

test('levels are read as they are written, and nothing else is one', () => {
  expect(['list', 'head', 'full', 'sample=5%', 'sample=0.50%', 'sample=100%'].map(parseLevel)).toEqual([
    'list',
    'head',
    'full',
    'sample=5%',
    'sample=0.5%',
    'sample=100%',
  ]);
  for (const text of [
    '',
    'all',
    'sample',
    'sample=5',
    'sample=0%',
    'sample=101%',
    'sample=-1%',
    'sample=1e1%',
  ])
    expect(() => parseLevel(text), text).toThrow(
      expect.objectContaining({ exitCode: 2, code: 'level-unknown' }),
    );
});
