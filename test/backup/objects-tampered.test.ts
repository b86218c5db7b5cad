import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyObjects } from '../../src/lib/backup/objects/verify.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { type ObjectsWorld, objectsWorld, partSize } from './objects-world.ts';
import { emptyStore, restored } from './restored-objects.ts';

describe('verification finds', () => {
  let own: ObjectsWorld;
  let setId: string;
  let base: string;

  beforeAll(async () => {
    own = await objectsWorld();
    await own.mailed('a', randomBytes(3 * partSize));
    base = (await runBackup(own.context())).setId;
    await own.mailed('b', randomBytes(3 * partSize));
    setId = (await runBackup(own.context())).setId;
    expect(await own.verify(setId)).toEqual([]);
  });

  afterAll(() => own?.close());

  /** Changes a file of a set while something looks at it. */
  async function altered(
    file: string,
    change: (bytes: Uint8Array) => Uint8Array,
    look: () => Promise<void>,
  ): Promise<void> {
    const { store, prefix } = own.sets;
    const bytes = await store.get(prefix + file);
    const replace = async (by: Uint8Array): Promise<void> => {
      for await (const { versionId } of store.listVersions(prefix + file))
        if (versionId !== undefined) await store.delete(prefix + file, { versionId });
      if (by.byteLength > 0) await store.put(prefix + file, by);
    };
    await replace(change(Uint8Array.from(bytes)));
    await look();
    await replace(bytes);
  }
  const flip = (bytes: Uint8Array): Uint8Array => {
    bytes[bytes.byteLength >> 1] = (bytes[bytes.byteLength >> 1] ?? 0) ^ 1;
    return bytes;
  };

  test.each([
    ['a flipped bit in an archive', () => `${setId}/objects/000002.tar.zst.pgp`, flip, 'changed'],
    [
      'a flipped bit in an archive that it builds upon',
      () => `${base}/objects/000002.tar.zst.pgp`,
      flip,
      'changed',
    ],
    ['a part that is gone', () => `${base}/objects/000001.tar.zst.pgp`, () => new Uint8Array(), 'missing'],
    ['a flipped bit in the index', () => `${setId}/objects/index-00001.jsonl.zst.pgp`, flip, 'changed'],
    ['a base set without its list', () => `${base}/SHA256SUMS`, () => new Uint8Array(), 'missing'],
  ])('%s', async (_name, file, change, kind) => {
    await altered(file(), change, async () => {
      expect((await own.verify(setId)).map((finding) => finding.kind)).toContain(kind);
      await expect(restored(own, setId, await emptyStore(own))).rejects.toMatchObject({ exitCode: 5 });
    });
    expect(await own.verify(setId)).toEqual([]);
  });

  test('a manifest that tells of another index', async () => {
    const manifest = await own.manifest(setId);
    const { objects } = manifest;
    if (objects === null) throw new Error('the set holds no objects');
    const signal = new AbortController().signal;
    const look = async (changes: Partial<typeof objects>) =>
      verifyObjects(
        await own.reader(),
        { ...manifest, objects: { ...objects, ...changes } },
        { contents: 'none', signal },
      );
    expect(await look({})).toEqual([]);
    expect(await look({ count: 7 })).toMatchObject([{ kind: 'contents' }]);
    expect(await look({ checksum: '0'.repeat(32) })).toMatchObject([{ kind: 'contents' }]);
    expect(await look({ partPlainSize: 512 })).toMatchObject([{ kind: 'missing' }]);
    expect(await look({ base: [] })).toMatchObject([
      { kind: 'contents', message: expect.stringContaining('which the manifest does not name') },
    ]);
  });
});
