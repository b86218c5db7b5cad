// A full verification against what stock tools can check, and against restic's.
// npm run bench -- verify [messages] [runs]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupWorld, openBackupWorld } from './lib/backup-world.ts';
import { requirePeer, runProgram, shell } from './lib/command.ts';
import { type MailDatabase, mailDatabase } from './lib/mail-database.ts';
import { runPair } from './lib/pairs.ts';
import { postern } from './lib/postern.ts';
import { saveResult } from './lib/result.ts';

export async function bench([messages = '800000', runs = '5']: readonly string[]): Promise<void> {
  for (const name of ['pg_dump', 'gpg', 'zstd', 'restic']) requirePeer(name, 'a Debian package');
  const database = await mailDatabase(Number(messages));
  const world = await openBackupWorld(database);
  try {
    await measure(database, world, Number(runs));
  } finally {
    await world.close();
    await database.close();
  }
}

async function measure(database: MailDatabase, world: BackupWorld, runs: number): Promise<void> {
  await postern(world, 'backup', 'run');
  const folder = join(database.folder, 'peer');
  await mkdir(folder, { recursive: true });
  const dump = join(folder, 'dump');
  const env = { GNUPGHOME: world.gnupgHome };
  const to = world.recipients.join(' -r ');
  await shell(
    `pg_dump -Fc -Z0 '${database.url}' | zstd -q -3 | gpg --batch --quiet --trust-model always --compress-algo none -r ${to} -e > '${dump}'`,
    env,
  );
  const restic = { RESTIC_REPOSITORY: join(folder, 'restic'), RESTIC_PASSWORD: 'bench' };
  await runProgram('restic', ['init', '--quiet'], restic);
  await shell(`pg_dump -Fc -Z0 '${database.url}' | restic backup --quiet --compression auto --stdin`, restic);
  let peak = 0;
  const ours = async (): Promise<number> => {
    const { seconds, peakRssMb } = await postern(world, 'backup', 'verify', '--level', 'full');
    peak = Math.max(peak, peakRssMb);
    return seconds;
  };
  const work = `${(database.bytes / 1e9).toFixed(2)} GB of mail`;
  const pairs = [
    await runPair({
      peer: 'gpg -d | zstd -t (counts no row)',
      work,
      goal: 1,
      runs,
      ours,
      theirs: () => shell(`gpg --batch --quiet -d '${dump}' | zstd -q -t`, env),
    }),
    await runPair({
      peer: 'restic check --read-data',
      work,
      goal: 1,
      runs: Math.min(runs, 3),
      ours,
      theirs: () => shell('restic check --quiet --read-data', restic),
    }),
  ];
  saveResult({
    name: 'verify',
    postgres: database.server.version,
    pairs,
    scale: [{ size: database.bytes, seconds: pairs[0]?.oursMedian ?? 0, peakRssMb: peak }],
    profile: [],
  });
}
