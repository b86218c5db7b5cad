import { spawn } from 'node:child_process';
import type { OsIdentity } from './os-identity.ts';

export interface ProcessResult {
  /** The exit code, or null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, as another user if told.
 * @throws {NodeJS.ErrnoException} when it cannot be started: ENOENT, EACCES…
 */
export function runProcess(
  file: string,
  argv: readonly string[],
  {
    identity,
    cwd = '/',
    env,
  }: {
    readonly identity?: OsIdentity | undefined;
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
  } = {},
): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, {
      ...identity,
      cwd,
      env: env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
