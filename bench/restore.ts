// A restore, comparison included, against the pipeline that people use today.
// npm run bench -- restore [messages] [runs]
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { withConnection, withDatabase } from '../src/lib/base/postgres.ts';
import { type BackupWorld, openBackupWorld } from './lib/backup-world.ts';
import { requirePeer, shell } from './lib/command.ts';
import { type MailDatabase, mailDatabase } from './lib/mail-database.ts';
import { runPair } from './lib/pairs.ts';
import { postern } from './lib/postern.ts';
import { saveResult } from './lib/result.ts';

export async function bench([messages = '800000', runs = '5']: readonly string[]): Promise<void> {
  for (const name of ['pg_dump', 'pg_restore', 'gpg', 'zstd']) requirePeer(name, 'a Debian package');
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
  // What a mail table has on a platform, so that a restore has indexes to make.
  await onServer(
    database,
    'CREATE INDEX ON mail.messages (id); ALTER TABLE mail.messages ADD PRIMARY KEY (id)',
    'mail',
  );
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
  let peak = 0;
  const emptied = async (work: () => Promise<number>): Promise<number> => {
    await onServer(database, 'DROP DATABASE IF EXISTS restored WITH (FORCE)');
    await onServer(database, 'CHECKPOINT');
    return work();
  };
  const ours = () =>
    emptied(async () => {
      const { seconds, peakRssMb } = await postern(world, 'backup', 'restore', '--to', 'restored', '--yes');
      peak = Math.max(peak, peakRssMb);
      return seconds;
    });
  const theirs = () =>
    emptied(async () => {
      await onServer(database, 'CREATE DATABASE restored');
      const url = withDatabase(database.url, 'restored');
      return shell(
        `gpg --batch --quiet --yes -o '${dump}.zst' -d '${dump}' && zstd -q -d -f -o '${dump}.raw' '${dump}.zst' && pg_restore -j${availableParallelism()} -d '${url}' '${dump}.raw'`,
        env,
      );
    });
  const work = `${(database.bytes / 1e9).toFixed(2)} GB of mail`;
  const pair = await runPair({
    peer: `gpg -d, zstd -d, pg_restore -j${availableParallelism()} (compares nothing)`,
    work: `${work}, restored and compared`,
    goal: 1.2,
    runs,
    ours,
    theirs,
  });
  saveResult({
    name: 'restore',
    postgres: database.server.version,
    pairs: [pair],
    scale: [{ size: database.bytes, seconds: pair.oursMedian, peakRssMb: peak }],
    profile: [],
  });
}

function onServer(database: MailDatabase, sql: string, name = 'postgres'): Promise<unknown> {
  const url = withDatabase(database.server.url, name);
  return withConnection({ url, role: 'bench' }, (client) => client.query(sql));
}
