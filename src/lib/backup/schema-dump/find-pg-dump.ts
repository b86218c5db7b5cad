import { execFile } from 'node:child_process';
import { access, constants, glob, realpath } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** A pg_dump program on this machine. */
export interface NativePgDump {
  readonly path: string;
  /** `15.18`, or `18beta1`. */
  readonly version: string;
  readonly major: number;
}

/** Debian keeps each major version in a folder of its own. */
const debianFolders = '/usr/lib/postgresql/*/bin';

/** Every pg_dump on PATH, and those that Debian keeps beside it. */
export async function findPgDumps(): Promise<readonly NativePgDump[]> {
  const found: string[] = [];
  for await (const candidate of glob(join(debianFolders, 'pg_dump'))) found.push(candidate);
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const candidate of onPath.map((folder) => join(folder, 'pg_dump'))) {
    if (await isProgram(candidate)) found.push(candidate);
  }
  const versions = await Promise.all([...new Set(found)].map((candidate) => inspectPgDump(candidate)));
  return versions.filter((version) => version !== undefined);
}

/** What kind of pg_dump is at `path`; undefined when it is none, or does not run. */
export async function inspectPgDump(path: string): Promise<NativePgDump | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    const [, version, major] = /^pg_dump \(PostgreSQL\) ((\d+)\S*)/.exec(stdout) ?? [];
    return version === undefined ? undefined : { path, version, major: Number(major) };
  } catch {
    return undefined;
  }
}

/** Debian's pg_dump on PATH is a script that picks a version by the local clusters, not by the server asked. */
async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return basename(await realpath(path)) !== 'pg_wrapper';
  } catch {
    return false;
  }
}
