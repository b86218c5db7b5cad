import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BackupWorld } from './backup-world.ts';
import { shell } from './command.ts';

/** What packs: zstd behind pg_dump, or pg_dump itself. */
type Packing = 'zstd' | 'pg_dump';

/** The pipelines that people back up with today; each function returns its seconds. */
export interface Pipelines {
  readonly dumpFile: string;
  /** `pg_dump | … | gpg` into `dumpFile`, which is on disk at the end. */
  dump(packing: Packing): Promise<number>;
  /** Opens the zstd dump and looks whether it unpacks. */
  test(): Promise<number>;
  /** Restores the zstd dump into an empty database. */
  restore(url: string): Promise<number>;
}

export function pipelinesOf({ database, gnupgHome, recipients, peerFolder }: BackupWorld): Pipelines {
  const dumpFile = join(peerFolder, 'dump');
  const env = { GNUPGHOME: gnupgHome };
  const gpg = 'gpg --batch --quiet --yes';
  const encrypt = `${gpg} --no-armor --trust-model always --compress-algo none -r ${recipients.join(' -r ')} -e`;
  const dumps: Readonly<Record<Packing, string>> = {
    zstd: `pg_dump -Fc -Z0 '${database.url}' | zstd -q -3`,
    pg_dump: `pg_dump -Fc '${database.url}'`,
  };
  return {
    dumpFile,
    dump: async (packing) => {
      await rm(dumpFile, { force: true });
      return shell(`${dumps[packing]} | ${encrypt} > '${dumpFile}' && sync '${dumpFile}'`, env);
    },
    test: () => shell(`${gpg} -d '${dumpFile}' | zstd -q -t`, env),
    restore: (url) =>
      shell(
        [
          `${gpg} -o '${dumpFile}.zst' -d '${dumpFile}'`,
          `zstd -q -d -f -o '${dumpFile}.raw' '${dumpFile}.zst'`,
          `pg_restore -j${availableParallelism()} -d '${url}' '${dumpFile}.raw'`,
        ].join(' && '),
        env,
      ),
  };
}
