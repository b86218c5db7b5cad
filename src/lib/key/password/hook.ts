import { spawn } from 'node:child_process';
import { formatDuration } from '../../base/duration.ts';
import { failure, messageOf, usageError } from '../../base/error.ts';
import type { NewSecret, Place } from './place.ts';

export interface Hook {
  readonly name: string;
  readonly profile: string;
  /** The program and its arguments; no shell is between. */
  readonly command: readonly string[];
  /** Where it runs; a relative program starts here too. */
  readonly folder: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * A program that is given `{"name","role","password"}` and a line feed on its standard input; exit 0 says that it has
 * the secret. A resumed rotation may ask it again, with the same POSTERN_PLAN and the same secret.
 */
export function hookPlace(hook: Hook): Place {
  return {
    description: `hook ${hook.command[0] ?? ''}`,
    publish: (secret) => runHook(hook, secret),
  };
}

async function runHook({ command, timeout, ...hook }: Hook, secret: NewSecret): Promise<void> {
  const [program = '', ...args] = command;
  const { role, password, planId } = secret;
  const child = spawn(program, args, {
    cwd: hook.folder,
    // Its own group, so that what it started ends with it.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, POSTERN_PROFILE: hook.profile, POSTERN_PASSWORD: hook.name, POSTERN_PLAN: planId },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = `${stderr}${text}`.slice(-4096);
  });
  // A program may end without reading; its exit code says what that means.
  child.stdin.on('error', () => {});
  child.stdin.end(`${JSON.stringify({ name: hook.name, role, password })}\n`);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // What it started would hold the pipe open.
    child.stderr.destroy();
    endGroup(child.pid);
  }, timeout);
  try {
    const ended = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    if (ended === 0) return;
    const last = stderr.replaceAll(password, '***').trim().split('\n').at(-1) ?? '';
    const why = isLate ? `did not end within ${formatDuration(timeout)}` : `ended with ${ended}`;
    throw failure(`the hook ${program} ${why}${last === '' ? '' : `: ${last}`}`, {
      code: 'password-hook',
      hints: ['the password is set on the server and kept; mend the hook, and go on with the plan'],
    });
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw usageError(`the hook ${program} cannot be started: ${messageOf(cause)}`, {
      code: 'password-hook',
      cause,
      hints: ['check keys.passwords in the configuration'],
    });
  } finally {
    clearTimeout(timer);
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}
