// A backup of a mail database against the pipelines and programs that people use today.
// npm run bench -- backup [messages] [runs]; BENCH_PART_MIB, BENCH_LEVEL, BENCH_WORKERS, BENCH_VERIFY=0 change our side
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BackupWorld, withBackupWorld } from './lib/backup-world.ts';
import { kindOf, profileOf, sharesBy } from './lib/cpu-profile.ts';
import { type Pair, runPair } from './lib/pairs.ts';
import { peakOf } from './lib/peak-memory.ts';
import { requirePeers } from './lib/peers.ts';
import { pgBackRest } from './lib/pgbackrest.ts';
import { pipelinesOf } from './lib/pipelines.ts';
import { resticOf } from './lib/restic.ts';
import { saveResult } from './lib/result.ts';

const child = fileURLToPath(new URL('./lib/backup-child.ts', import.meta.url));

export async function bench([messages = '800000', runs = '5']: readonly string[]): Promise<void> {
  requirePeers('pg_dump', 'gpg', 'zstd', 'restic', 'pgbackrest');
  await withBackupWorld(Number(messages), async (world) => {
    const times = await timePairs(world, Number(runs));
    const size = await sizePair(world);
    const profile = sharesBy(await profileOf([child, world.settingsFile]), kindOf);
    saveResult({
      name: 'backup',
      postgres: world.database.server.version,
      pairs: [...times, size],
      scale: [],
      profile,
    });
  });
}

function backUp({ settingsFile }: BackupWorld) {
  return peakOf(process.execPath, [child, settingsFile]);
}

async function timePairs(world: BackupWorld, runs: number): Promise<readonly Pair[]> {
  const pipelines = pipelinesOf(world);
  const ours = { work: world.work, ours: () => backUp(world) };
  const few = Math.min(runs, 3);
  return [
    await runPair({
      ...ours,
      peer: 'pg_dump -Fc -Z0 | zstd -3 | gpg',
      goal: 1.5,
      runs,
      theirs: () => pipelines.dump('zstd'),
    }),
    await runPair({
      ...ours,
      peer: 'pg_dump -Fc | gpg',
      goal: 5,
      runs: few,
      theirs: () => pipelines.dump('pg_dump'),
    }),
    await runPair({
      ...ours,
      peer: 'pg_dump -Fc -Z0 | restic backup --stdin',
      goal: 1,
      runs: few,
      theirs: () => resticOf(world).backup(),
    }),
    await runPair({
      ...ours,
      peer: 'pgbackrest --no-online (zst 3, AES-256)',
      goal: 1,
      runs: few,
      theirs: () => pgBackRest(world),
    }),
  ];
}

/** Not a time: bytes, in the same form. At most 2 % larger is the goal. */
async function sizePair(world: BackupWorld): Promise<Pair> {
  const pipelines = pipelinesOf(world);
  await pipelines.dump('zstd');
  const theirs = (await stat(pipelines.dumpFile)).size;
  const before = await folderSize(world.setsFolder);
  await backUp(world);
  const ours = (await folderSize(world.setsFolder)) - before;
  const ratio = Number((theirs / ours).toPrecision(4));
  return {
    peer: 'pg_dump -Fc -Z0 | zstd -3 | gpg',
    work: `${world.work}, size in bytes`,
    unit: 'bytes',
    oursMedian: ours,
    oursMin: ours,
    oursMax: ours,
    peerMedian: theirs,
    peerMin: theirs,
    peerMax: theirs,
    ratioMedian: ratio,
    ratioMin: ratio,
    ratioMax: ratio,
    goal: 0.98,
    met: ratio >= 0.98,
    runs: 1,
    peakRssMb: null,
  };
}

async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    names
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
