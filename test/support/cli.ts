import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));
export const runScript = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code, or the signal's name. */
  readonly code: number | string;
  /** stdout as the envelope of `--json`. */
  readonly json: () => {
    readonly schemaVersion: number;
    readonly command: string;
    readonly ok: boolean;
    // oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
    readonly result: any;
    readonly warnings: readonly string[];
    readonly error?: {
      readonly message: string;
      readonly code: string;
      readonly exitCode: number;
      readonly hints: readonly string[];
    };
  };
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly stdin?: string;
}

/** Runs the built command line in a process of its own, without a terminal, as cron would. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [runScript, ...argv], {
    cwd: options.cwd ?? projectRoot,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      POSTERN_SANDBOX_HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent',
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(options.stdin ?? '');
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'));
  });
  const stdout = Buffer.concat(out).toString();
  return { stdout, stderr: Buffer.concat(err).toString(), code, json: () => JSON.parse(stdout) };
}
