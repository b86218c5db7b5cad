import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupWorld } from './backup-world.ts';
import { runProgram, shell } from './command.ts';

/** The same dump in a repository of restic; each function returns its seconds. */
export interface Restic {
  /** Into a new repository, which is not timed. */
  backup(): Promise<number>;
  check(): Promise<number>;
}

export function resticOf({ database, peerFolder }: BackupWorld): Restic {
  const repository = join(peerFolder, 'restic');
  const env = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'bench' };
  return {
    backup: async () => {
      await rm(repository, { recursive: true, force: true });
      await runProgram('restic', ['init', '--quiet'], env);
      return shell(
        `pg_dump -Fc -Z0 '${database.url}' | restic backup --quiet --compression auto --stdin`,
        env,
      );
    },
    check: () => shell('restic check --quiet --read-data', env),
  };
}
