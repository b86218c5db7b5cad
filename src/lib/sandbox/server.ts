import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failure, usageError } from '../base/error.ts';
import { withConnection } from '../base/postgres.ts';
import { clusterPassword, initialiseCluster } from './cluster.ts';
import { type OsIdentity, serverIdentity } from './os-identity.ts';
import { defaultMajor, type PostgresMajor, postgresBinaries } from './postgres-binaries.ts';
import { removeStaleLock, runningPostmaster, stopPostmaster } from './postmaster.ts';

export type { PostgresMajor } from './postgres-binaries.ts';

export interface EmbeddedServerOptions {
  /** The cluster's folder; made by initdb when it is not there. */
  readonly dataDirectory: string;
  /** A free one is chosen unless told. */
  readonly port?: number;
  readonly major?: PostgresMajor;
  /** Of the template databases, when the cluster is made; UTF8 unless told. */
  readonly encoding?: string;
  /** WAL segment size in MiB, when the cluster is made. */
  readonly walSegmentSize?: number;
  /** Further server settings: `{fsync: 'off'}`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedServer {
  /** The superuser's, on the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** `18.4` */
  readonly version: string;
  readonly dataDirectory: string;
  stop(): Promise<void>;
}

const addressInUse = /could not bind|address already in use/i;
/** Backends of a killed server let go of its shared memory a moment after it. */
const predecessorDying = /shared memory block .* is still in use|lock file "postmaster.pid" is empty/i;

/**
 * Starts a real PostgreSQL server on 127.0.0.1 (password login, no Unix socket), or attaches to the one that already
 * runs on the folder. It is a process of its own and outlives this one: whoever starts it stops it.
 * @throws {PosternError} exit 1, `code` `server-start`; exit 2, `code` `port-taken` for a port that was asked for; and
 * those of `postgresBinaries` and `initialiseCluster`
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const dataDirectory = resolve(options.dataDirectory);
  const attached = await attachEmbeddedServer(dataDirectory);
  if (attached !== undefined) return checkedPort(attached, options.port);
  const major = options.major ?? defaultMajor;
  const identity = await serverIdentity(dataDirectory);
  const binaries = await postgresBinaries(major, identity);
  await initialiseCluster(binaries, { ...options, dataDirectory, major, identity });
  await removeStaleLock(dataDirectory);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const outcome = await launch({
      postgres: binaries.postgres,
      dataDirectory,
      port,
      identity,
      settings: options.settings ?? {},
    });
    if (outcome.kind === 'ready') return outcome.server;
    if (addressInUse.test(outcome.log)) {
      if (options.port !== undefined) throw portTaken(options.port);
    } else if (predecessorDying.test(outcome.log)) {
      await delay(100);
    } else {
      throw startFailure(dataDirectory, outcome.log);
    }
    if (attempt === 50) throw startFailure(dataDirectory, outcome.log);
  }
}

/** The server that already runs on the folder, once it answers; undefined when none does. */
export async function attachEmbeddedServer(folder: string): Promise<EmbeddedServer | undefined> {
  const dataDirectory = resolve(folder);
  const deadline = Date.now() + 60_000;
  for (;;) {
    const running = await runningPostmaster(dataDirectory);
    if (running === undefined) return undefined;
    const server =
      running.port === undefined ? undefined : await probe(dataDirectory, running.port, running.pid);
    if (server !== undefined) return server;
    if (Date.now() > deadline)
      throw startFailure(dataDirectory, `pid ${running.pid} runs but does not answer`);
    await delay(25);
  }
}

interface Launch {
  readonly postgres: string;
  readonly dataDirectory: string;
  readonly port: number;
  readonly identity: OsIdentity | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

type LaunchOutcome =
  | { readonly kind: 'ready'; readonly server: EmbeddedServer }
  | { readonly kind: 'ended'; readonly log: string };

/** One try: the server answers, or it ends, and then its log says why. */
async function launch({ postgres, dataDirectory, port, identity, settings }: Launch): Promise<LaunchOutcome> {
  const path = serverLogPath(dataDirectory);
  const log = await open(path, 'a', 0o600);
  const from = (await log.stat()).size;
  const child = spawn(
    postgres,
    ['-D', dataDirectory, ...settingArguments({ ...baseSettings(port), ...settings })],
    {
      ...identity,
      cwd: '/',
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    },
  );
  const end = new Promise<'ended'>((done) => {
    child.once('exit', () => done('ended')).once('error', () => done('ended'));
  });
  await log.close();
  const answer = child.pid === undefined ? end : Promise.race([end, answers(dataDirectory, port, child.pid)]);
  const server = await answer;
  if (server === 'ended') return { kind: 'ended', log: (await readFile(path)).subarray(from).toString() };
  child.unref();
  return { kind: 'ready', server };
}

/** Asks until the process answers or is gone. */
async function answers(dataDirectory: string, port: number, pid: number): Promise<EmbeddedServer | 'ended'> {
  for (;;) {
    const server = await probe(dataDirectory, port, pid);
    if (server !== undefined) return server;
    if (!processExists(pid)) return 'ended';
    await delay(10);
  }
}

function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The server's own messages; beside the data folder, because root must be able to open it before dropping its rights. */
function serverLogPath(dataDirectory: string): string {
  return join(dirname(dataDirectory), `${dataDirectory.split('/').pop() ?? 'postgres'}.log`);
}

/** Asks whoever answers at the port whether it is the server of this folder: another one would refuse the password. */
async function probe(dataDirectory: string, port: number, pid: number): Promise<EmbeddedServer | undefined> {
  try {
    const url = `postgresql://postgres:${await clusterPassword(dataDirectory)}@127.0.0.1:${port}/postgres`;
    const version = await withConnection({ url, role: 'embedded server', timeout: 2_000 }, async (client) => {
      const { rows } = await client.query<{ data_directory: string; server_version: string }>(
        `SELECT current_setting('data_directory') AS data_directory, current_setting('server_version') AS server_version`,
      );
      return rows[0]?.data_directory === dataDirectory ? rows[0].server_version : undefined;
    });
    if (version === undefined) return undefined;
    return {
      url,
      port,
      pid,
      version,
      dataDirectory,
      stop: () => stopPostmaster(dataDirectory).then(() => {}),
    };
  } catch {
    return undefined;
  }
}

function baseSettings(port: number): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
  };
}

function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** A port that was free a moment ago; whoever loses the race for it tries another. */
function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const listener = createServer().once('error', fail);
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      listener.close(() =>
        typeof address === 'object' && address !== null ? done(address.port) : fail(new Error('no port')),
      );
    });
  });
}

function checkedPort(server: EmbeddedServer, wanted: number | undefined): EmbeddedServer {
  if (wanted === undefined || wanted === server.port) return server;
  throw usageError(
    `the server on ${server.dataDirectory} already runs on port ${server.port}, not ${wanted}`,
    {
      code: 'port-differs',
      hints: ['stop it first, or leave the port out'],
    },
  );
}

function portTaken(port: number): Error {
  return usageError(`port ${port} on 127.0.0.1 is taken by another process`, {
    code: 'port-taken',
    hints: ['choose another port, or leave it out to get a free one'],
  });
}

function startFailure(dataDirectory: string, log: string): Error {
  const last = log
    .trim()
    .split('\n')
    .filter((line) => /FATAL|PANIC|ERROR|HINT|:/.test(line))
    .slice(-3)
    .join('; ');
  return failure(`the embedded PostgreSQL server did not start: ${last === '' ? 'it said nothing' : last}`, {
    code: 'server-start',
    hints: [`its log is ${serverLogPath(dataDirectory)}`],
  });
}
