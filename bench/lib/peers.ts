import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The programs that benchmarks compare with, and the Debian package that each comes in. */
const packages = {
  pg_dump: 'postgresql-client',
  pg_restore: 'postgresql-client',
  gpg: 'gnupg',
  zstd: 'zstd',
  restic: 'restic',
  pgbackrest: 'pgbackrest',
  aws: 'awscli',
  psql: 'postgresql-client',
  grep: 'grep',
} as const;

type Peer = keyof typeof packages;

/** A missing peer is an error, not a pass. */
export function requirePeers(...names: readonly Peer[]): void {
  for (const name of names) {
    if (!isInstalled(name))
      throw new Error(
        `${name} is not installed, and the benchmark compares with it. Debian: apt-get install ${packages[name]}`,
      );
  }
}

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
