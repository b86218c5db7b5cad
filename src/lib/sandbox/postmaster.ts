import { execFile } from 'node:child_process';
import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { failure } from '../base/error.ts';

/** What a running server writes into `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number | undefined;
}

/**
 * The server that runs on a data folder, or undefined. A `postmaster.pid` left behind by a kill does not count:
 * the process must be alive and must work in that very folder, because its number may have gone to a stranger.
 */
export async function runningPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pidText = '', , , portText = ''] = text.split('\n');
  const pid = Math.abs(Number(pidText));
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  if (!(await worksIn(pid, dataDirectory))) return undefined;
  const port = Number(portText);
  return { pid, port: Number.isInteger(port) && port > 0 ? port : undefined };
}

/**
 * Removes a `postmaster.pid` whose process is gone or a stranger. PostgreSQL does this itself unless the number has
 * been given to another process of the same user: then it refuses to start for ever.
 */
export async function removeStaleLock(dataDirectory: string): Promise<void> {
  if ((await runningPostmaster(dataDirectory)) === undefined)
    await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
}

/**
 * Stops exactly the server of this data folder and waits until it is gone: fast shutdown first, immediate after
 * `patience` milliseconds.
 * @returns whether one was running
 * @throws {PosternError} exit 1, `code` `server-stuck`
 */
export async function stopPostmaster(dataDirectory: string, patience = 60_000): Promise<boolean> {
  const running = await runningPostmaster(dataDirectory);
  if (running === undefined) return false;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(running.pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
    if (await gone(running.pid, dataDirectory, patience)) return true;
  }
  throw failure(`the server with pid ${running.pid} on ${dataDirectory} does not stop`, {
    code: 'server-stuck',
  });
}

/** No event tells a process that is not its parent of another's end; so this asks again and again. */
async function gone(pid: number, dataDirectory: string, patience: number): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    if (!(await worksIn(pid, dataDirectory))) return true;
    await delay(10);
  }
  return false;
}

/** PostgreSQL changes into its data folder at the start, so that the working folder tells whose process it is. */
async function worksIn(pid: number, dataDirectory: string): Promise<boolean> {
  const folder = await realpath(dataDirectory).catch(() => dataDirectory);
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === folder;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }));
  return stdout.includes(`-D ${folder}`) || stdout.includes(`-D ${dataDirectory}`);
}
