import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GpgHome } from '../crypto/gpg-home.ts';
import type { BackupWorld } from './backup-world.ts';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A set in a folder of its own, copied out of the store as a person would do it. */
export interface CopiedSet {
  readonly folder: string;
  /** Runs a script of the shell in the folder. */
  sh(script: string, env?: Readonly<Record<string, string>>): Outcome;
}

/** @param url of the server that takes restored databases */
export function copySet(world: BackupWorld, path: string, home: GpgHome, url: string): CopiedSet {
  const folder = mkdtempSync(join(tmpdir(), 'postern set '));
  cpSync(join(world.storePath, 'objects', world.sets.prefix, path), folder, { recursive: true });
  const { hostname, port, username, password } = new URL(url);
  return {
    folder,
    sh: (script, env = {}) => {
      const { status, stdout, stderr } = spawnSync('sh', ['-eu', '-c', script], {
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          GNUPGHOME: home.folder,
          PGHOST: hostname,
          PGPORT: port,
          PGUSER: username,
          PGPASSWORD: decodeURIComponent(password),
          ...env,
        },
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    },
  };
}
