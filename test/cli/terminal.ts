import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { runScript } from '../support/cli.ts';

/** A person at a terminal. */
export interface Terminal {
  /** Everything that the terminal has shown, escape codes included. */
  shown(): string;
  /** Resolves once the terminal has shown the text, escape codes aside. */
  until(text: string): Promise<void>;
  type(keys: string): void;
  /** Sends a signal to the command line itself, as a supervisor would. */
  signal(name: NodeJS.Signals): void;
  /** The exit code. */
  readonly ended: Promise<number>;
}

/**
 * Runs the command line on a pseudo-terminal of its own, by script(1) of util-linux.
 * @param redirect what a shell appends: `> file`, `2> file`
 */
export function onTerminal(
  script: string,
  argv: readonly string[],
  {
    cwd,
    env = {},
    redirect = '',
  }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly redirect?: string },
): Terminal {
  const words = [process.execPath, runScript, ...argv].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const child = spawn(
    script,
    ['--quiet', '--return', '--flush', '--command', `${words.join(' ')} ${redirect}`, '/dev/null'],
    {
      cwd,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TERM: 'xterm-256color',
        SHELL: '/bin/sh',
        NODE_ENV: 'production',
        POSTERN_SANDBOX_HOME: '/nonexistent',
        XDG_CONFIG_HOME: '/nonexistent',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => Number(code));
  return {
    shown: () => shown,
    until: async (text) => {
      while (!plain(shown).includes(text)) {
        const isOver = await Promise.race([
          once(child.stdout, 'data').then(() => false),
          ended.then(() => true),
        ]);
        if (isOver && !plain(shown).includes(text)) throw new Error(`never shown: ${text}\n${plain(shown)}`);
      }
    },
    type: (keys) => child.stdin.write(keys),
    signal: (name) => {
      process.kill(youngest(child.pid ?? 0), name);
    },
    ended,
  };
}

/** The last in the line of child processes: script, a shell, node. */
function youngest(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return child === undefined || child === '' ? pid : youngest(Number(child));
}

/** Without escape codes. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- escape codes are made of control characters
  return text.replaceAll(/\u001B\[[\d;?]*[A-Za-z]|\u001B\][^\u0007]*\u0007/g, '');
}
