import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SetStore } from '../../src/lib/backup/context.ts';
import { chooseRestoredSet } from '../../src/lib/backup/restore/choose-set.ts';
import { type SetWish, setWish } from '../../src/lib/backup/restore/set-wish.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import type { Queryable } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';
import { withoutKeys } from './verify-world.ts';

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
const choose = async (
  wish: Partial<SetWish> = {},
  {
    sets: from = world.sets,
    state,
  }: { readonly sets?: SetStore; readonly state?: () => Promise<Queryable> } = {},
): Promise<string> => {
  const context = await world.restoreContext();
  return chooseRestoredSet(
    from,
    { whenDamaged: 'refuse', ...wish },
    {
      signal: new AbortController().signal,
      progress: { ...silentProgress, warn: (line) => void warnings.push(line) },
      state: state ?? (() => context.state()),
    },
  );
};
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

test.each([
  ['the whole newest set is', (setId: string) => new RegExp(`/${setId}/`)],
  ['only its manifest is', (setId: string) => new RegExp(`/${setId}/manifest\\.json\\.pgp$`)],
])(
  'where %s gone that the state database knows, an older one is taken only when told to',
  async (_, gone) => {
    const [first, second, third] = sets;
    const rolledBack = { sets: withoutKeys(world.sets, gone(third ?? '-')) };
    warnings.length = 0;
    await expect(choose({}, rolledBack)).rejects.toMatchObject({
      exitCode: 5,
      code: 'set-rolled-back',
      message: expect.stringContaining(third ?? '-'),
      hints: [expect.stringContaining(`${second}: name it`), expect.stringContaining('--from')],
    });
    expect(await choose({ whenDamaged: 'take-older' }, rolledBack)).toBe(second);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`${third}.*this takes ${second}`))]);
    expect(await choose({ set: second ?? '' }, rolledBack)).toBe(second);
    // Only what began by then counts.
    expect(await choose({ asOf: new Date(timeOf(second)) }, rolledBack)).toBe(second);
    await expect(choose({ asOf: new Date(timeOf(third)) }, rolledBack)).rejects.toMatchObject({
      exitCode: 5,
    });
    const middle = { sets: withoutKeys(world.sets, gone(second ?? '-')) };
    expect(await choose({}, middle)).toBe(third);
    await expect(choose({ asOf: new Date(timeOf(second)) }, middle)).rejects.toMatchObject({
      code: 'set-rolled-back',
      hints: [expect.stringContaining(`${first}: name it`), expect.any(String)],
    });
  },
);

test('where every set is gone that the state database knows, nobody is told to make the first one', async () => {
  const empty = { sets: withoutKeys(world.sets, /./) };
  const error = { exitCode: 5, code: 'set-rolled-back', hints: [expect.stringContaining('--from')] };
  await expect(choose({}, empty)).rejects.toMatchObject(error);
  await expect(choose({ whenDamaged: 'take-older' }, empty)).rejects.toMatchObject(error);
  await expect(choose({ asOf: new Date(0) }, empty)).rejects.toMatchObject({
    exitCode: 2,
    code: 'set-missing',
  });
});

test('a set that postern has pruned is not missed', async () => {
  const [, second, third] = sets;
  const say = (state: string) =>
    sql(world.stateUrl, `update postern.backup_copy set state = '${state}' where set_id = '${third}'`);
  await say('pruned');
  try {
    expect(await choose({}, { sets: withoutKeys(world.sets, new RegExp(`/${third}/`)) })).toBe(second);
  } finally {
    await say('complete');
  }
});

test('where the state database cannot tell, a warning says that nobody has compared', async () => {
  const [, second, third] = sets;
  const rolledBack = withoutKeys(world.sets, new RegExp(`/${third}/`));
  warnings.length = 0;
  const down = () => Promise.reject(new Error('the server is gone'));
  expect(await choose({}, { sets: rolledBack, state: down })).toBe(second);
  expect(warnings).toEqual([expect.stringMatching(/nobody has compared.*: the server is gone$/)]);
  warnings.length = 0;
  // As one that was lost and made anew.
  const empty = async () => ({ query: async () => ({ rows: [] }) }) as unknown as Queryable;
  expect(await choose({}, { sets: rolledBack, state: empty })).toBe(second);
  expect(warnings).toEqual([
    `the state database does not know the set ${second}, so nobody has compared it with what was made`,
  ]);
});

test('where the newest set is damaged, the newest that verifies is named, and taken only when told to', async () => {
  const [first, second, third] = sets;
  warnings.length = 0;
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
