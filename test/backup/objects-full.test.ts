import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { destinationOf } from '../support/backup-world.ts';
import { type ObjectsPlatform, type ObjectsWorld, objectsPlatform } from './objects-world.ts';
import { sql } from './round-trip.ts';

let platform: ObjectsPlatform;
let world: ObjectsWorld;

beforeAll(async () => {
  platform = await objectsPlatform();
});

afterAll(() => platform?.close());

beforeEach(async () => {
  world = await platform.fresh();
});

describe('everything is stored anew', () => {
  const lock = { mode: 'governance', duration: 86_400_000 } as const;

  test('when the last full set is older than it may be', async () => {
    await world.mailed('a', 'x');
    await runBackup(world.context());
    const objects = { fullEvery: 1, buckets: [{ name: 'mail', store: world.mail, prefix: '' }] };
    expect((await runBackup(world.context({ objects }))).objects).toMatchObject({ mode: 'full', stored: 1 });
    const { rows } = await countObjects();
    // What only the old full set remembered is forgotten.
    expect(rows).toBe(1);
  });

  test('when a destination is new, or has lost the full set', async () => {
    await world.mailed('a', 'x');
    const { setId } = await runBackup(world.context());
    const second = await openLocalObjectStore({ path: join(world.folder, 'second'), durability: 'fast' });
    const destinations = [
      destinationOf(world.sets),
      destinationOf({ ...world.sets, destination: 'second', store: second }),
    ];
    expect((await runBackup(world.context({ destinations }))).objects).toMatchObject({ mode: 'full' });
    expect((await runBackup(world.context({ destinations }))).objects).toMatchObject({ mode: 'incremental' });
    const warnings: string[] = [];
    const progress = { ...silentProgress, warn: (line: string) => warnings.push(line) };
    for await (const { key } of second.list(''))
      if (key.endsWith('manifest.json.pgp')) await second.delete(key);
    expect((await runBackup(world.context({ destinations, progress }))).objects).toMatchObject({
      mode: 'full',
    });
    expect(warnings).toEqual([expect.stringMatching(/is gone from a destination/)]);
    expect(warnings[0]).not.toContain(setId);
  });

  test('when the lock of the full set would end before that of this one', async () => {
    await world.mailed('a', 'x');
    const locked = (duration: number) => ({
      destinations: [destinationOf(world.sets, { lock: { ...lock, duration } })],
    });
    await runBackup(world.context(locked(lock.duration)));
    expect((await runBackup(world.context(locked(lock.duration)))).objects).toMatchObject({
      mode: 'incremental',
    });
    const year = 365 * lock.duration;
    expect((await runBackup(world.context(locked(year)))).objects).toMatchObject({ mode: 'full' });
  });
});

async function countObjects(): Promise<{ rows: number }> {
  const [row] = await sql<{ count: string }>(
    world.stateUrl,
    `select count(*) from postern.backup_object join postern.backup_set using (set_id) where profile = '${world.sets.profile}'`,
  );
  return { rows: Number(row?.count) };
}

test('files of mail objects, and what vouches for them, are locked longer than the rest of the set', async () => {
  await world.mailed('a', 'x');
  const duration = 86_400_000;
  const fullEvery = 10 * duration;
  const { setId, startedAt } = await runBackup(
    world.context({
      destinations: [destinationOf(world.sets, { lock: { mode: 'governance', duration } })],
      objects: { fullEvery, buckets: [{ name: 'mail', store: world.mail, prefix: '' }] },
    }),
  );
  const until = async (file: string): Promise<number> => {
    const found = await world.sets.store.head(`${world.sets.prefix}${setId}/${file}`);
    return (found?.retention?.until.getTime() ?? 0) - Date.parse(startedAt);
  };
  expect(await until('objects/000001.tar.zst.pgp')).toBe(duration + fullEvery);
  expect(await until('objects/index-00001.jsonl.zst.pgp')).toBe(duration + fullEvery);
  expect(await until('SHA256SUMS')).toBe(duration + fullEvery);
  expect(await until('manifest.json.pgp')).toBe(duration + fullEvery);
  expect(await until('platform/20-pre-data.sql.zst.pgp')).toBe(duration);
});
