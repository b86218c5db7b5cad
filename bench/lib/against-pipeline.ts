// Backup, verify and restore through our command line, each against the pipeline that people use today.
import { availableParallelism } from 'node:os';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import type { BackupWorld } from './backup-world.ts';
import { type Pair, runPair } from './pairs.ts';
import { pipelinesOf } from './pipelines.ts';

export function backupPair(world: BackupWorld, runs: number): Promise<Pair> {
  return runPair({
    peer: 'pg_dump -Fc -Z0 | zstd -3 | gpg',
    work: `${world.work}, backup run`,
    goal: 1.5,
    runs,
    ours: () => world.postern('backup', 'run'),
    theirs: () => pipelinesOf(world).dump('zstd'),
  });
}

/** Needs a set and a zstd dump. */
export function verifyPair(world: BackupWorld, runs: number): Promise<Pair> {
  return runPair({
    peer: 'gpg -d | zstd -t (counts no row)',
    work: `${world.work}, backup verify`,
    goal: 1,
    runs,
    ours: () => world.postern('backup', 'verify', '--level', 'full'),
    theirs: () => pipelinesOf(world).test(),
  });
}

/** Needs a set and a zstd dump. */
export function restorePair(world: BackupWorld, runs: number): Promise<Pair> {
  return runPair({
    peer: `gpg -d, zstd -d, pg_restore -j${availableParallelism()} (compares nothing)`,
    work: `${world.work}, restored and compared`,
    goal: 1.2,
    runs,
    ours: async () => {
      await dropRestored(world);
      return world.postern('backup', 'restore', '--to', 'restored', '--yes');
    },
    theirs: async () => {
      await dropRestored(world);
      await onServer(world, 'CREATE DATABASE restored');
      return pipelinesOf(world).restore(withDatabase(world.database.server.url, 'restored'));
    },
  });
}

/** What a mail table has on a platform, so that a restore has indexes to make. */
export async function addIndexes(world: BackupWorld): Promise<void> {
  await onServer(
    world,
    'CREATE INDEX ON mail.messages (id); ALTER TABLE mail.messages ADD PRIMARY KEY (id)',
    'mail',
  );
}

async function dropRestored(world: BackupWorld): Promise<void> {
  await onServer(world, 'DROP DATABASE IF EXISTS restored WITH (FORCE)');
  await onServer(world, 'CHECKPOINT');
}

function onServer({ database }: BackupWorld, sql: string, name = 'postgres'): Promise<unknown> {
  const url = withDatabase(database.server.url, name);
  return withConnection({ url, role: 'bench' }, (client) => client.query(sql));
}
