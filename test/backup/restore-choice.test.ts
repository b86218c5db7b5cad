import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chooseRestoredSet, type SetWish, setWish } from '../../src/lib/backup/restore/choose-set.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

let platform: TestDatabase;
let world: BackupWorld;
const sets: string[] = [];

/** `20260301T020000Z-…` in milliseconds. */
function timeOf(setId = '19700101T000000Z'): number {
  return Date.parse(setId.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ).*$/, '$1-$2-$3:$4:$5'));
}

beforeAll(async () => {
  platform = await testDatabase();
  await sql(platform.url, 'create table t (id int); insert into t values (1)');
  world = await backupWorld({ platformUrl: platform.url });
  for (let count = 0; count < 3; count += 1) {
    // A set's name tells the second in which it began.
    while (timeOf(sets.at(-1)) === Math.floor(Date.now() / 1000) * 1000) await delay(20);
    sets.push((await runBackup(world.context({ options: { workers: 1 } }))).setId);
  }
});
afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

const warnings: string[] = [];
const choose = (wish: Partial<SetWish> = {}): Promise<string> =>
  chooseRestoredSet(
    world.sets,
    { whenDamaged: 'refuse', ...wish },
    {
      signal: new AbortController().signal,
      progress: { ...silentProgress, warn: (line) => void warnings.push(line) },
    },
  );
const asOf = (text: string): Promise<string> =>
  choose(setWish({ set: undefined, asOf: text, takesOlder: false }));

test('the newest set is taken, or the newest that began by a time; a date means its end', async () => {
  const at = (index: number, offset = 0) => new Date(timeOf(sets[index]) + offset).toISOString();
  expect(await choose()).toBe(sets[2]);
  expect(await asOf(at(1))).toBe(sets[1]);
  expect(await asOf(at(1, -1))).toBe(sets[0]);
  expect(await asOf(at(1).replace('Z', '+00:00'))).toBe(sets[1]);
  expect(await asOf(at(2).slice(0, 10))).toBe(sets[2]);
  await expect(asOf(at(0, -86_400_000).slice(0, 10))).rejects.toMatchObject({
    exitCode: 2,
    code: 'set-missing',
  });
});

test.each(['yesterday', '2026-02-30', '2026-3-1', '2026-03-01T10:00', '', '2026-13-01', '20260301'])(
  '%j is no time',
  (text) => {
    expect(() => setWish({ set: undefined, asOf: text, takesOlder: false })).toThrowError(
      /is no date and no time/,
    );
  },
);

test('a set that is named leaves nothing to choose', () => {
  expect(() => setWish({ set: sets[0], asOf: '2026-03-01', takesOlder: false })).toThrowError(
    /nothing|none to choose/,
  );
  expect(setWish({ set: sets[0], asOf: undefined, takesOlder: false })).toEqual({
    set: sets[0],
    whenDamaged: 'refuse',
  });
});

test('where the newest set is damaged, the newest that verifies is named, and taken only when told to', async () => {
  const [first, second, third] = sets;
  await remove(`${third}/platform/20-pre-data.sql.zst.pgp`);
  await expect(choose()).rejects.toMatchObject({
    exitCode: 5,
    code: 'set-damaged',
    message: expect.stringContaining(`${third}, is damaged: platform/20-pre-data.sql.zst.pgp`),
    hints: [expect.stringContaining(`the newest set that verifies is ${second}`), expect.any(String)],
  });
  expect(await choose({ whenDamaged: 'take-older' })).toBe(second);
  expect(warnings).toEqual([expect.stringContaining(`this takes ${second}`)]);
  expect(await choose({ set: third ?? '' })).toBe(third);
  await remove(`${second}/SHA256SUMS.asc`);
  expect(await choose({ whenDamaged: 'take-older' })).toBe(first);
  await remove(`${first}/SHA256SUMS`);
  await expect(choose({ whenDamaged: 'take-older' })).rejects.toMatchObject({
    exitCode: 5,
    hints: ['no set of this destination verifies: try another one with --from'],
  });
});

async function remove(file: string): Promise<void> {
  const key = world.sets.prefix + file;
  for await (const version of world.sets.store.listVersions(key))
    await world.sets.store.delete(
      version.key,
      version.versionId === undefined ? {} : { versionId: version.versionId },
    );
}
