import { spawn } from 'node:child_process';

/** Runs a program or a shell pipeline to its end and times it. Fails loudly: a broken peer must not look fast. */
export async function timed(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<number> {
  const started = performance.now();
  await runProgram(program, args, env);
  return (performance.now() - started) / 1000;
}

export function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${errors}`)),
    );
  });
}

export function shell(
  pipeline: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<number> {
  return timed('bash', ['-o', 'pipefail', '-c', pipeline], env);
}
