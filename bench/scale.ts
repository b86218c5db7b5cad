// How time and memory of backup, verify and restore grow with the data.
// npm run bench -- scale [messages …]: 130000 messages are about 0.2 GB
import { withConnection } from '../src/lib/base/postgres.ts';
import { openBackupWorld } from './lib/backup-world.ts';
import { mailDatabase } from './lib/mail-database.ts';
import { postern } from './lib/postern.ts';
import { saveResult } from './lib/result.ts';

const jobs = {
  backup: ['backup', 'run'],
  verify: ['backup', 'verify', '--level', 'full'],
  restore: ['backup', 'restore', '--to', 'restored', '--yes'],
} as const;

type Point = { readonly size: number; readonly seconds: number; readonly peakRssMb: number };

export async function bench(sizes: readonly string[]): Promise<void> {
  const points: Record<keyof typeof jobs, Point[]> = { backup: [], verify: [], restore: [] };
  let postgres = '';
  for (const messages of sizes.length === 0 ? ['130000', '1300000', '5200000'] : sizes) {
    const database = await mailDatabase(Number(messages));
    postgres = database.server.version;
    const world = await openBackupWorld(database);
    try {
      for (const [name, args] of Object.entries(jobs) as [keyof typeof jobs, readonly string[]][]) {
        const { seconds, peakRssMb } = await postern(world, ...args);
        points[name].push({ size: database.bytes, seconds: Number(seconds.toPrecision(4)), peakRssMb });
        process.stderr.write(
          `  ${name}, ${database.bytes} bytes: ${seconds.toFixed(1)} s, ${peakRssMb} MB\n`,
        );
      }
      await withConnection({ url: database.server.url, role: 'bench' }, (client) =>
        client.query('DROP DATABASE IF EXISTS restored WITH (FORCE)'),
      );
    } finally {
      await world.close();
      await database.close();
    }
  }
  for (const [name, scale] of Object.entries(points)) {
    process.stdout.write(`${name}: ${slope(scale)} s/GB between the smallest and the largest\n`);
    saveResult({ name: `scale-${name}`, postgres, pairs: [], scale, profile: [] });
  }
}

function slope(scale: readonly Point[]): string {
  const [first, last] = [scale[0], scale.at(-1)];
  if (first === undefined || last === undefined || first === last) return '–';
  return ((last.seconds - first.seconds) / ((last.size - first.size) / 1e9)).toFixed(2);
}
