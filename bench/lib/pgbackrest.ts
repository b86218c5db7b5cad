import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BackupWorld } from './backup-world.ts';
import { timed } from './command.ts';

/**
 * pgBackRest on the same cluster, with as many processes as we have workers. It copies the files of a server at rest,
 * indexes and all: the least that a program can do without a snapshot. Returns the seconds of a full backup.
 */
export async function pgBackRest({ database, peerFolder }: BackupWorld): Promise<number> {
  const folder = join(peerFolder, 'pgbackrest');
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
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${settings.join('\n')}\n`);
  await run('stanza-create');
  // --force: the server is up, but nothing writes to it.
  return run('backup', '--type=full', '--force');
}
