// The same attacks as in tamper.test.ts on the files of a real store, which keeps sizes and checksums of its own.
import { chmod, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { versionFolder } from '../../src/lib/cloud/local/object-path.ts';
import { listSequences, readRecord } from '../../src/lib/cloud/local/object-record.ts';
import { flipped } from './altered-store.ts';
import { type TwoSets, twoSets } from './two-sets.ts';

let world: TwoSets;

beforeAll(async () => {
  world = await twoSets();
});

afterAll(() => world?.close());

/** The two files that hold an object: its bytes, and the record that makes them a version. */
async function objectFiles(key: string): Promise<{ readonly data: string; readonly record: string }> {
  const { folder } = versionFolder(world.storePath, key);
  const [sequence = 0] = await listSequences(folder);
  const record = await readRecord(folder, sequence);
  return {
    data: join(folder, `${record?.versionId}.data`),
    record: join(folder, `${String(sequence).padStart(10, '0')}.json`),
  };
}

async function whileChanged(
  path: string,
  change: () => Promise<void>,
  look: () => Promise<void>,
): Promise<void> {
  const before = await readFile(path);
  // The store keeps its files read-only; a failing disk does not ask.
  await chmod(path, 0o600);
  try {
    await change();
    await look();
  } finally {
    await writeFile(path, before);
  }
}

const namedFor = (file: string) => expect.objectContaining({ file });

test('a bit that flips on the disk is found in every file, and stops a restore that would need it', async () => {
  for (const file of world.files) {
    const { data } = await objectFiles(world.key(file));
    const bytes = await readFile(data);
    await whileChanged(
      data,
      () => writeFile(data, flipped(bytes, Math.floor(bytes.length / 2))),
      async () => {
        for (const keys of file.includes('manifest') ? [undefined, world.secretKeys] : [undefined]) {
          const { findings } = await world.verify({ keys });
          expect(findings, file).toEqual([namedFor(file)]);
        }
        if (!/^(?:SHA256SUMS|set\.json|manifest)/.test(file)) return;
        const context = await world.restoreContext();
        await expect(
          planRestore(context, world.newer, { database: 'never_made' }),
          file,
        ).rejects.toMatchObject({
          exitCode: 5,
        });
      },
    );
  }
  expect((await world.verify()).findings).toEqual([]);
});

test('a file that is cut on the disk is found', async () => {
  for (const file of world.files) {
    const { data } = await objectFiles(world.key(file));
    const { length } = await readFile(data);
    for (const size of [0, 1, Math.floor(length / 2), length - 1]) {
      await whileChanged(
        data,
        () => truncate(data, size),
        async () => expect((await world.verify()).findings, `${file} at ${size}`).toEqual([namedFor(file)]),
      );
    }
  }
});

test('bytes that are gone from the disk, and a record that is gone or changed, are findings and no crash', async () => {
  for (const file of ['SHA256SUMS', 'set.json', 'manifest.json.pgp', 'platform/60-post-data.sql.zst.pgp']) {
    const { data, record } = await objectFiles(world.key(file));
    for (const path of [data, record]) {
      await rename(path, `${dirname(path)}.away`);
      expect((await world.verify()).findings, path).toContainEqual(namedFor(file));
      await rename(`${dirname(path)}.away`, path);
    }
    const text = await readFile(record);
    await whileChanged(
      record,
      () => writeFile(record, text.subarray(0, 20)),
      async () => expect((await world.verify()).findings, record).toContainEqual(namedFor(file)),
    );
  }
  expect((await world.verify()).findings).toEqual([]);
});

test('a damaged manifest of the set before is a finding about the chain', async () => {
  const { data } = await objectFiles(`${world.sets.prefix}${world.older}/manifest.json.pgp`);
  const bytes = await readFile(data);
  await whileChanged(
    data,
    () => writeFile(data, flipped(bytes, 100)),
    async () => expect((await world.verify()).findings).toMatchObject([{ kind: 'chain' }]),
  );
});
