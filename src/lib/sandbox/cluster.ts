import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure } from '../base/error.ts';
import type { OsIdentity } from './os-identity.ts';
import type { PostgresBinaries, PostgresMajor } from './postgres-binaries.ts';
import { runProcess } from './run-process.ts';

export interface ClusterOptions {
  readonly dataDirectory: string;
  readonly major: PostgresMajor;
  /** Of the template databases; UTF8 unless told. */
  readonly encoding?: string;
  /** WAL segment size in MiB; 16 unless told. Small ones make a small cluster. */
  readonly walSegmentSize?: number;
  readonly identity: OsIdentity | undefined;
}

/** The superuser's password, kept beside the cluster's own files, which PostgreSQL protects by mode 0700. */
const passwordFile = 'postern.password';

/**
 * Makes a PostgreSQL cluster, whole or not at all: initdb runs in a sibling folder, which takes its name at the end.
 * Does nothing when there is a cluster already.
 * @throws {PosternError} exit 1, `code` `cluster-unreachable` or `initdb-failed`; exit 1 `cluster-version` when the
 * existing cluster is of another major version
 */
export async function initialiseCluster(binaries: PostgresBinaries, options: ClusterOptions): Promise<void> {
  const { dataDirectory, identity, major } = options;
  const existing = await clusterMajor(dataDirectory);
  if (existing === major) return;
  if (existing !== undefined) {
    throw failure(`the cluster in ${dataDirectory} is of PostgreSQL ${existing}, not ${major}`, {
      code: 'cluster-version',
    });
  }
  const temporary = `${dataDirectory}.new`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  await giveTo(temporary, identity);
  await checkReach(temporary, identity);
  await runInitdb(binaries, temporary, options);
  await rename(temporary, dataDirectory);
}

/** The major version of a cluster, or undefined when there is none. */
async function clusterMajor(dataDirectory: string): Promise<number | undefined> {
  const text = await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text.trim());
}

/** The superuser's password of a cluster that `initialiseCluster` made. */
export async function clusterPassword(dataDirectory: string): Promise<string> {
  return (await readFile(join(dataDirectory, passwordFile), 'utf8')).trim();
}

async function runInitdb(binaries: PostgresBinaries, folder: string, options: ClusterOptions): Promise<void> {
  const { identity, encoding = 'UTF8', walSegmentSize = 16, major } = options;
  const password = join(folder, '..', `.${randomBytes(6).toString('hex')}.password`);
  await writeFile(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  await giveTo(password, identity);
  try {
    const { code, stderr } = await runProcess(
      binaries.initdb,
      [
        '--pgdata',
        folder,
        '--username',
        'postgres',
        '--pwfile',
        password,
        '--encoding',
        encoding,
        '--auth',
        'scram-sha-256',
        '--locale',
        'C',
        '--wal-segsize',
        String(walSegmentSize),
        '--no-sync',
        // Since 17 there is a Unicode-aware locale that is the same on every machine.
        ...(major >= 17 && encoding === 'UTF8'
          ? ['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8']
          : []),
      ],
      { identity, env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } },
    );
    if (code !== 0)
      throw failure(`initdb failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`, {
        code: 'initdb-failed',
      });
    await rename(password, join(folder, passwordFile));
  } catch (error) {
    await rm(password, { force: true });
    throw error;
  }
}

async function giveTo(path: string, identity: OsIdentity | undefined): Promise<void> {
  if (identity !== undefined) await chown(path, identity.uid, identity.gid);
}

/** Root can make a folder where the server's own user cannot follow: below /root, say. */
async function checkReach(folder: string, identity: OsIdentity | undefined): Promise<void> {
  if (identity === undefined) return;
  const { code } = await runProcess('/bin/sh', ['-c', 'cd "$1" && : > .reach && rm .reach', 'sh', folder], {
    identity,
  });
  if (code === 0) return;
  await rm(folder, { recursive: true, force: true });
  const barrier = await closedAncestor(folder);
  throw failure(`uid ${identity.uid}, which the server runs as, cannot enter ${barrier}`, {
    code: 'cluster-unreachable',
    hints: ['as root, choose a place that every user can enter, such as /var/lib/postern or /tmp'],
  });
}

async function closedAncestor(folder: string): Promise<string> {
  const chain: string[] = [];
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) chain.unshift(path);
  for (const path of chain) {
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0) return path;
  }
  return folder;
}
