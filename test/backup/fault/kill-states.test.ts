// A run that is killed in each of its states, one after the other: each finds what the one before has left.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SetStore } from '../../../src/lib/backup/context.ts';
import { listSets } from '../../../src/lib/backup/list.ts';
import { runBackup } from '../../../src/lib/backup/run.ts';
import { verifySet } from '../../../src/lib/backup/verify/index.ts';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../../src/lib/cloud/local/object-store.ts';
import { type BackupWorld, backupWorld, destinationOf } from '../../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { sql } from '../round-trip.ts';
import {
  type KillMoment,
  killMoments,
  killWorldSources,
  type Leftover,
  quickOptions,
} from './kill-moments.ts';
import { pgDumpOfNothing } from './no-schema.ts';

type Left = Exclude<Leftover['leaves'], 'no run'>;

let platform: TestDatabase;
let world: BackupWorld;
let second: SetStore;
let file: (name: string) => string;
let pgDump: string;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(
    platform.url,
    `create table subject (id int primary key, dek bytea not null);
     insert into subject select n, decode(md5(n::text), 'hex') from generate_series(1, 20) n;
     select lo_from_bytea(0, 'a large object')`,
  );
  world = await backupWorld({ platformUrl: platform.url });
  file = (name) => join(world.folder, name);
  second = {
    ...world.sets,
    destination: 'second',
    store: await openLocalObjectStore({ path: file('second') }),
  };
  pgDump = await pgDumpOfNothing(world.folder);
  await writeFile(file('world.json'), JSON.stringify(world.data), { mode: 0o600 });
});

afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

/** Lets a child run until it kills itself. @returns what it warned of */
async function killed(moment: KillMoment): Promise<readonly string[]> {
  await writeFile(file('moment.json'), JSON.stringify(moment));
  const script = join(import.meta.dirname, 'run-child.ts');
  const child = spawn(process.execPath, [script, file('world.json'), file('moment.json')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: file('compiled') },
  });
  const warnings: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => warnings.push(chunk));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  expect(signal).toBe('SIGKILL');
  // The server notices a moment later that nobody holds the job's lock any more.
  const holders = `select 1 from pg_stat_activity where application_name ~ '^postern backup test'`;
  while ((await sql(world.stateUrl, holders)).length > 0) await delay(5);
  return Buffer.concat(warnings).toString().split('\n').filter(Boolean);
}

const lastRun = async () =>
  (
    await sql<{ setId: string; state: string; manifest: string | null; previous: string | null }>(
      world.stateUrl,
      `select set_id as "setId", state, manifest_sha256 as manifest, previous_set_id as previous
       from postern.backup_set order by started_at desc, set_id desc limit 1`,
    )
  )[0];

const wholeAt = async (sets: SetStore, setId: string) =>
  (await listSets(sets)).some((set) => set.setId === setId && set.isComplete);

const warningsAbout = (setId: string): Record<Left, readonly string[]> => ({
  'no set': [`the run ${setId} did not end: it left no set, only parts that no manifest names`],
  'the set at offsite': [
    `the run ${setId} was stopped after its set was whole at offsite; it is counted now`,
    `the set ${setId} is not whole at second`,
  ],
  'the set': [`the run ${setId} was stopped after its set was whole at offsite, second; it is counted now`],
});

const states: Record<Left, string> = {
  'no set': 'failed',
  'the set at offsite': 'partial',
  'the set': 'complete',
};

test('a run that is killed in any state hinders none after it, and the next one says what it found', {
  timeout: 180_000,
}, async () => {
  const counted: string[] = [];
  let dead: { readonly setId: string; readonly name: string; readonly leaves: Left } | undefined;

  const expectTold = async (warnings: readonly string[]) => {
    if (dead === undefined) return;
    const { setId, name, leaves } = dead;
    expect(warnings, name).toEqual(warningsAbout(setId)[leaves]);
    const isWhole = leaves.startsWith('the set');
    expect(await wholeAt(world.sets, setId), name).toBe(isWhole);
    expect(await wholeAt(second, setId), name).toBe(leaves === 'the set');
    const [run] = await sql(world.stateUrl, `select state from postern.backup_set where set_id = '${setId}'`);
    expect(run, name).toEqual({ state: states[leaves] });
    if (isWhole) counted.push(setId);
  };

  for (const leftover of killMoments) {
    const before = await lastRun();
    const warnings = await killed(leftover.moment);
    const run = await lastRun();
    if (leftover.leaves === 'no run') {
      expect({ warnings, run }).toEqual({ warnings: [], run: before });
      continue;
    }
    await expectTold(warnings);
    if (run === undefined) throw new Error('the run is not registered');
    expect(run, leftover.name).toMatchObject({ state: 'running', previous: counted.at(-1) ?? null });
    expect(run.setId).not.toBe(dead?.setId);
    dead = { setId: run.setId, name: leftover.name, leaves: leftover.leaves };
  }
  const warnings: string[] = [];
  const last = await runBackup(
    world.context({
      sources: killWorldSources(platform.url),
      destinations: [destinationOf(world.sets), destinationOf(second)],
      progress: { ...silentProgress, warn: (line) => warnings.push(line) },
      options: { ...quickOptions, pgDump },
    }),
  );
  await expectTold(warnings);
  expect(last.previousSetId).toBe(counted.at(-1));

  const listed = (await listSets(world.sets)).filter(({ isComplete }) => isComplete);
  // Two runs of one second are listed by the random part of their names, not by which began first.
  expect(listed.map(({ setId }) => setId)).toEqual([...counted, last.setId].toSorted());
  for (const sets of [world.sets, second]) {
    for (const { setId } of listed) {
      if (!(await wholeAt(sets, setId))) continue;
      const { findings, opened } = await verifySet(sets, setId, {
        level: 'full',
        keys: world.secretKeys,
        workers: 1,
        signal: new AbortController().signal,
        progress: silentProgress,
      });
      expect({ setId, findings, opened }).toEqual({ setId, findings: [], opened: true });
    }
  }
});
