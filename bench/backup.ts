// A backup of a mail database against the pipelines and programs that people use today.
// npm run bench -- backup [messages] [runs]
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BackupWorld, openBackupWorld } from './lib/backup-world.ts';
import { requirePeer, runProgram, shell, timed } from './lib/command.ts';
import { type MailDatabase, mailDatabase } from './lib/mail-database.ts';
import { runPair } from './lib/pairs.ts';
import { peakOf } from './lib/peak-memory.ts';
import { profileOf } from './lib/profile.ts';
import { saveResult } from './lib/result.ts';

const child = fileURLToPath(new URL('./lib/backup-child.ts', import.meta.url));

export async function bench([messages = '800000', runs = '5']: readonly string[]): Promise<void> {
  for (const [name, hint] of peers) requirePeer(name, `Debian: apt-get install ${hint}`);
  process.stderr.write(`making ${messages} messages…\n`);
  const database = await mailDatabase(Number(messages));
  const world = await openBackupWorld(database);
  try {
    await measure(database, world, Number(runs));
  } finally {
    await world.close();
    await database.close();
  }
}

const peers = [
  ['pg_dump', 'postgresql-client'],
  ['gpg', 'gnupg'],
  ['zstd', 'zstd'],
  ['restic', 'restic'],
  ['pgbackrest', 'pgbackrest'],
] as const;

async function measure(database: MailDatabase, world: BackupWorld, runs: number): Promise<void> {
  const out = join(database.folder, 'peer');
  await mkdir(out, { recursive: true });
  const work = `${(database.bytes / 1e9).toFixed(2)} GB of mail`;
  let peak = 0;
  const ours = async (): Promise<number> => {
    await world.emptyStore();
    const { seconds, peakRssMb } = await peakOf(process.execPath, [child, world.settingsFile]);
    peak = Math.max(peak, peakRssMb);
    return seconds;
  };
  const gpg = `gpg --batch --quiet --no-armor --trust-model always --compress-algo none -r ${world.recipients.join(' -r ')} -e`;
  const env = { GNUPGHOME: world.gnupgHome };
  const toFile = (pipeline: string) => async (): Promise<number> => {
    await rm(join(out, 'dump'), { force: true });
    return shell(`${pipeline} > '${join(out, 'dump')}' && sync '${join(out, 'dump')}'`, env);
  };
  const restic = { RESTIC_REPOSITORY: join(out, 'restic'), RESTIC_PASSWORD: 'bench' };
  const pipeZstd = toFile(`pg_dump -Fc -Z0 '${database.url}' | zstd -q -3 | ${gpg}`);
  const backrest = await pgBackRest(database, join(out, 'pgbackrest'));
  const pairs = [
    await runPair({ peer: 'pg_dump -Fc -Z0 | zstd -3 | gpg', work, goal: 1.5, runs, ours, theirs: pipeZstd }),
    await runPair({
      peer: 'pg_dump -Fc | gpg',
      work,
      goal: 5,
      runs: Math.min(runs, 3),
      ours,
      theirs: toFile(`pg_dump -Fc '${database.url}' | ${gpg}`),
    }),
    await runPair({
      peer: 'pg_dump -Fc -Z0 | restic backup --stdin',
      work,
      goal: 1,
      runs: Math.min(runs, 3),
      ours,
      theirs: async () => {
        await rm(join(out, 'restic'), { recursive: true, force: true });
        await runProgram('restic', ['init', '--quiet'], restic);
        return shell(
          `pg_dump -Fc -Z0 '${database.url}' | restic backup --quiet --compression auto --stdin`,
          restic,
        );
      },
    }),
    await runPair({
      // Copies the files of a server at rest, indexes and all: the least that a program can do without a snapshot.
      peer: 'pgbackrest --no-online (zst 3, AES-256)',
      work,
      goal: 1,
      runs: Math.min(runs, 3),
      ours,
      theirs: backrest,
    }),
  ];
  await pipeZstd();
  const peerSize = (await stat(join(out, 'dump'))).size;
  await ours();
  const ourSize = await folderSize(world.setsFolder);
  process.stdout.write(
    `size: ours ${ourSize}, pg_dump -Fc -Z0 | zstd -3 | gpg ${peerSize}: ratio ${(ourSize / peerSize).toFixed(4)}; peak memory ${peak} MB\n`,
  );
  await world.emptyStore();
  saveResult({
    name: 'backup',
    postgres: database.server.version,
    pairs: [...pairs, { ...sizePair(ourSize, peerSize, work) }],
    scale: [{ size: database.bytes, seconds: pairs[0]?.oursMedian ?? 0, peakRssMb: peak }],
    profile: await profileOf([child, world.settingsFile]),
  });
}

/** pgBackRest on the same cluster, with as many processes as we have workers. */
async function pgBackRest(database: MailDatabase, folder: string): Promise<() => Promise<number>> {
  const file = join(folder, 'pgbackrest.conf');
  const settings = [
    '[global]',
    `repo1-path=${folder}/repo`,
    'repo1-cipher-type=aes-256-cbc',
    'repo1-cipher-pass=bench',
    'compress-type=zst',
    'compress-level=3',
    `process-max=${availableParallelism()}`,
    `log-path=${folder}`,
    `lock-path=${folder}`,
    `spool-path=${folder}`,
    'log-level-console=error',
    '[bench]',
    `pg1-path=${database.server.dataDirectory}`,
    `pg1-port=${database.server.port}`,
  ];
  const run = (command: string, ...args: readonly string[]) =>
    timed('pgbackrest', [`--config=${file}`, '--stanza=bench', '--no-online', ...args, command]);
  return async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(file, `${settings.join('\n')}\n`);
    await run('stanza-create');
    // --force: the server is up, but nothing writes to it.
    return run('backup', '--type=full', '--force');
  };
}

/** Not a time: bytes, in the same form. At most 2 % larger is the goal. */
function sizePair(ours: number, theirs: number, work: string) {
  const ratio = Number((theirs / ours).toPrecision(4));
  return {
    peer: 'pg_dump -Fc -Z0 | zstd -3 | gpg',
    work: `${work}, size`,
    unit: 'bytes',
    oursMedian: ours,
    peerMedian: theirs,
    ratioMedian: ratio,
    ratioMin: ratio,
    ratioMax: ratio,
    goal: 0.98,
    met: ratio >= 0.98,
    runs: 1,
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
