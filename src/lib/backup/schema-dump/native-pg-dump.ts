import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';
import { failure, messageOf } from '../../base/error.ts';
import { type LibpqSettings, withLibpqSettings } from './libpq-settings.ts';
import type { PgDumpResult, PgDumpRun } from './run-pg-dump.ts';

/** After SIGTERM pg_dump cancels its query and ends; one that does not within this time is killed. */
const killAfter = 5_000;

/**
 * Runs the pg_dump program at `path`.
 * @throws {PosternError} exit 1 with `code` `pg-dump-not-started`; the signal's reason when it is aborted
 */
export function runNativePgDump(path: string, { url, args, signal }: PgDumpRun): Promise<PgDumpResult> {
  signal?.throwIfAborted();
  return withLibpqSettings(url, (settings) => execute(path, args, settings, signal));
}

async function execute(
  path: string,
  args: readonly string[],
  { connection, environment }: LibpqSettings,
  signal: AbortSignal | undefined,
): Promise<PgDumpResult> {
  signal?.throwIfAborted();
  const child = spawn(path, [...args, `--dbname=${connection}`], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(notStarted(path, error)));
    child.once('close', (code) => resolve(code ?? -1));
  });
  let killer: NodeJS.Timeout | undefined;
  const abort = () => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), killAfter);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const [exitCode, output, messages] = await Promise.all([ended, buffer(child.stdout), text(child.stderr)]);
    signal?.throwIfAborted();
    return { exitCode, output, messages };
  } finally {
    signal?.removeEventListener('abort', abort);
    clearTimeout(killer);
  }
}

function notStarted(path: string, error: unknown) {
  return failure(`${path} cannot be run: ${messageOf(error)}`, {
    code: 'pg-dump-not-started',
    cause: error,
    hints: ['name another pg_dump, or let the built-in one be used'],
  });
}
