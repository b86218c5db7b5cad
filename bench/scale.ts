// How time and memory of backup, verify and restore grow with the data, ours and the pipeline's.
// npm run bench -- scale [messages …] [--runs N]; 80000, 800000 and 3200000 messages are about 0.2, 2 and 8 GB
import { parseArgs } from 'node:util';
import { addIndexes, backupPair, restorePair, verifyPair } from './lib/against-pipeline.ts';
import { type BackupWorld, withBackupWorld } from './lib/backup-world.ts';
import type { Pair } from './lib/pairs.ts';
import { requirePeers } from './lib/peers.ts';
import { saveResult } from './lib/result.ts';

// In this order: a backup leaves the set and the dump that the others need.
const jobs = { backup: backupPair, verify: verifyPair, restore: restorePair } as const;

interface Point {
  /** Bytes. */
  readonly size: number;
  readonly pair: Pair;
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { runs: { type: 'string', default: '3' } },
  });
  requirePeers('pg_dump', 'pg_restore', 'gpg', 'zstd');
  const points: Record<keyof typeof jobs, Point[]> = { backup: [], verify: [], restore: [] };
  let postgres = '';
  for (const messages of positionals.length === 0 ? ['80000', '800000', '3200000'] : positionals) {
    await withBackupWorld(Number(messages), async (world) => {
      postgres = world.database.server.version;
      await measure(world, Number(values.runs), points);
    });
  }
  for (const [name, found] of Object.entries(points)) report(name, postgres, found);
}

async function measure(
  world: BackupWorld,
  runs: number,
  points: Record<keyof typeof jobs, Point[]>,
): Promise<void> {
  await addIndexes(world);
  for (const name of ['backup', 'verify', 'restore'] as const) {
    points[name].push({ size: world.database.bytes, pair: await jobs[name](world, runs) });
  }
}

function report(name: string, postgres: string, points: readonly Point[]): void {
  const slopes = [slope(points, 'oursMedian'), slope(points, 'peerMedian')];
  process.stdout.write(
    `\n${name}: ours ${slopes[0]} s/GB between the smallest and the largest, the peer ${slopes[1]}\n`,
  );
  const scale = points.map(({ size, pair }) => ({
    size,
    seconds: pair.oursMedian,
    peakRssMb: pair.peakRssMb ?? 0,
  }));
  saveResult({ name: `scale-${name}`, postgres, pairs: points.map(({ pair }) => pair), scale, profile: [] });
}

function slope(points: readonly Point[], of: 'oursMedian' | 'peerMedian'): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last) return '–';
  return ((last.pair[of] - first.pair[of]) / ((last.size - first.size) / 1e9)).toFixed(2);
}
