// A host with the writing credentials may lay newer versions over the objects of a set, or somebody delete markers. The
// signed versions lie underneath, and every reader takes those.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listSets } from '../../src/lib/backup/list.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { showSet } from '../../src/lib/backup/show.ts';
import { failure } from '../../src/lib/base/error.ts';
import { coverUp, type VerifyWorld, verifyWorld } from './verify-world.ts';

let world: VerifyWorld;

beforeAll(async () => {
  world = await verifyWorld();
});

afterAll(() => world?.close());

const covered = async (files: readonly string[], how: 'written' | 'hidden') => {
  const sets = await world.copy();
  for (const file of files) {
    const key = file.startsWith('keyrings/') ? sets.prefix + file : world.key(file);
    await coverUp(sets.store, key, how);
  }
  return sets;
};

const clear = ['SHA256SUMS', 'SHA256SUMS.asc', 'set.json', 'manifest.json.pgp', 'manifest.json.pgp.asc'];

describe.each(['written', 'hidden'] as const)('a file that was %s', (how) => {
  test('over is told as shadowed, whichever it is, and nothing else is wrong', async () => {
    for (const file of [...clear, 'README.txt', world.part, world.keyring, `${world.keyring}.asc`]) {
      const sets = await covered([file], how);
      const result = await world.verify({ sets });
      expect(result.findings, file).toMatchObject([{ kind: 'shadowed', file }]);
      expect(result, file).toMatchObject({ outcome: 'failed', opened: true, rows: 2050 });
    }
  });

  test('over does not keep a set from being listed, shown or planned to be restored', async () => {
    const sets = await covered([...clear, world.part], how);
    expect(await listSets(sets)).toMatchObject([
      { setId: world.older, isComplete: true, isHidden: false },
      { setId: world.newer, isComplete: true, isHidden: how === 'hidden' },
    ]);
    expect(await showSet(sets, world.newer, world.secretKeys)).toMatchObject({ setId: world.newer });
    const context = await world.restoreContext({ sets });
    await expect(planRestore(context, world.newer, { database: 'never_made' })).resolves.toBeDefined();
    const { findings } = await world.verify({ sets });
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['shadowed']));
    expect(findings).toHaveLength(clear.length + 1);
  });

  test('over is found by a listing alone, and by HEAD, where the sizes or versions show it', async () => {
    const sets = await covered([world.part], how);
    for (const level of ['list', 'head'] as const) {
      const { findings } = await world.verify({ sets, level });
      expect(findings, level).toMatchObject([{ kind: 'shadowed', file: world.part }]);
    }
  });
});

test('bytes of the same size laid over a file are found by HEAD and by reading, not by a listing', async () => {
  const sets = await world.copy();
  const key = world.key(world.part);
  const bytes = Buffer.from(await sets.store.get(key));
  await sets.store.put(key, bytes.fill(0));
  expect((await world.verify({ sets, level: 'list' })).findings).toEqual([]);
  for (const level of ['head', 'full'] as const)
    expect((await world.verify({ sets, level })).findings).toMatchObject([
      { kind: 'shadowed', file: world.part },
    ]);
});

test('a pile of garbage versions does not hide the signed one, which is the oldest', async () => {
  const sets = await world.copy();
  for (const file of ['SHA256SUMS', world.part]) {
    const size = (await sets.store.get(world.key(file))).byteLength;
    for (let count = 0; count < 40; count += 1)
      await sets.store.put(world.key(file), Buffer.alloc(size, count));
  }
  expect((await world.verify({ sets })).findings).toMatchObject([
    { kind: 'shadowed', file: 'SHA256SUMS' },
    { kind: 'shadowed', file: world.part },
  ]);
});

test('an older set laid over a newer one is seen through', async () => {
  const sets = await world.copy();
  for (const file of clear) {
    const old = await sets.store.get(`${sets.prefix}${world.older}/${file}`);
    await sets.store.put(world.key(file), old);
  }
  const { findings } = await world.verify({ sets });
  expect(findings.map(({ kind, file }) => [kind, file])).toEqual(
    expect.arrayContaining(clear.map((file) => ['shadowed', file])),
  );
  expect(findings).toHaveLength(clear.length);
});

test('a file whose signed version is gone is missing or changed, however many others there are', async () => {
  for (const how of ['written', 'hidden'] as const) {
    const sets = await covered([], how);
    const key = world.key('README.txt');
    const versionId = (await sets.store.head(key))?.versionId;
    await sets.store.put(key, Buffer.from('one'));
    if (how === 'hidden') await sets.store.delete(key);
    // The lock of a local store is a promise of this program; a store copied without it has none.
    const store = {
      ...sets.store,
      listVersions: async function* (prefix: string) {
        for await (const version of sets.store.listVersions(prefix))
          if (version.versionId !== versionId) yield version;
      },
    };
    const { findings } = await world.verify({ sets: { ...sets, store } });
    expect(findings[0], how).toMatchObject({
      file: 'README.txt',
      kind: how === 'hidden' ? 'missing' : 'size',
    });
    expect(findings.map(({ kind }) => kind)).not.toContain('shadowed');
  }
});

test('a reader without the right to list versions reads what is on top, and lists what is not hidden', async () => {
  const store = {
    ...world.sets.store,
    listVersions: async function* (prefix: string) {
      if (prefix !== '') throw failure('listing versions was refused', { code: 'store-refused' });
      yield* world.sets.store.listVersions(prefix);
    },
  };
  const sets = { ...world.sets, store };
  expect(await listSets(sets)).toHaveLength(2);
  expect((await world.verify({ sets })).findings).toEqual([]);
  await expect(world.verify({ sets, setId: '20200101T000000Z-00000000' })).rejects.toMatchObject({
    exitCode: 2,
    code: 'set-missing',
  });
});

test('backup list and backup show count the same files and bytes', async () => {
  const listed = await listSets(world.sets);
  for (const { setId, files, bytes } of listed) {
    expect(await showSet(world.sets, setId, undefined)).toMatchObject({ files, bytes });
    expect(await world.verify({ setId, level: 'list' })).toMatchObject({ files, bytes });
  }
});
