import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { generatedBody } from '../support/generated-store.ts';
import { type ObjectsWorld, objectsWorld } from './objects-world.ts';
import { sql } from './round-trip.ts';

const script = fileURLToPath(new URL('../support/objects-child.ts', import.meta.url));
let world: ObjectsWorld;
let worldFile: string;

beforeEach(async () => {
  world = await objectsWorld();
  worldFile = join(world.folder, 'world.json');
  await writeFile(worldFile, JSON.stringify(world.data), { mode: 0o600 });
});

afterEach(() => world?.close());

function child(count: number): ChildProcess {
  return spawn(process.execPath, [script, worldFile, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

interface Report {
  readonly seconds: number;
  readonly samples: readonly { readonly objects: number; readonly rss: number }[];
  readonly objects: Readonly<Record<string, unknown>>;
}

async function report(count: number): Promise<Report> {
  const process = child(count);
  if (process.stdout === null) throw new Error('the child has no output');
  const [output] = await Promise.all([text(process.stdout), once(process, 'exit')]);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Report;
}

test('100,000 objects go into a set, and then none again, and the memory for the last is that for the first', async () => {
  const count = 100_000;
  // 1,000 rows name objects that the store lacks, and 1,000 objects are named by no row.
  await sql(
    world.platformUrl,
    `insert into message (body) select '' from generate_series(1, ${count + 1000})`,
  );
  await sql(world.platformUrl, 'delete from message where id <= 1000');
  const full = await report(count);
  expect(full.objects).toMatchObject({
    mode: 'full',
    count,
    stored: count,
    referenced: count - 1000,
    unreferenced: 1000,
    missing: { absent: 1000 },
  });
  const peak = (from: number, to: number): number =>
    Math.max(...full.samples.filter(({ objects }) => objects >= from && objects < to).map(({ rss }) => rss));
  // Once everything is loaded and every buffer has been there, memory stays where it is.
  expect(peak(0.5 * count, 2 * count) - peak(0.1 * count, 0.5 * count)).toBeLessThan(64 * 2 ** 20);
  expect(peak(0, 2 * count)).toBeLessThan(600 * 2 ** 20);
  const next = await report(count);
  expect(next.objects).toMatchObject({ mode: 'incremental', count, stored: 0 });
  const figures = {
    'objects per second, full': Math.round(count / full.seconds),
    'objects per second, unchanged': Math.round(count / next.seconds),
    'peak RSS in MiB': Math.round(peak(0, 2 * count) / 2 ** 20),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}, 240_000);

test('a run that is killed among its objects leaves nothing that a later one would build upon', async () => {
  const count = 3000;
  await sql(world.platformUrl, `insert into message (body) select '' from generate_series(1, ${count})`);
  for (let round = 0; round < 3; round += 1) {
    const process = child(count);
    const ended = once(process, 'exit');
    if (process.stdout === null) throw new Error('the child has no output');
    await once(process.stdout, 'data');
    const remembered = (await sql<{ count: number }>(world.stateUrl, countRows))[0]?.count ?? 0;
    // Killed once it has remembered some of its own.
    while (((await sql<{ count: number }>(world.stateUrl, countRows))[0]?.count ?? 0) === remembered)
      await delay(5);
    process.kill('SIGKILL');
    await ended;
    const holders = `select 1 from pg_stat_activity where application_name ~ '^postern backup test'`;
    while ((await sql(world.stateUrl, holders)).length > 0) await delay(5);
  }
  const { objects } = await report(count);
  expect(objects).toMatchObject({ mode: 'full', count, stored: count });
  const [set] = await sql<{ setId: string }>(
    world.stateUrl,
    `select set_id as "setId" from postern.backup_set where state = 'complete'`,
  );
  const setId = set?.setId ?? '';
  expect(await world.verify(setId)).toEqual([]);
  for (const line of await world.index(setId))
    expect('sha256' in line && line.sha256).toBe(sha256Hex(generatedBody(line.key)));
  // Only the whole set's rows are left.
  const rows = await sql(world.stateUrl, 'select distinct set_id as "setId" from postern.backup_object');
  expect(rows).toEqual([{ setId }]);
});

const countRows = 'select count(*)::int as count from postern.backup_object';
