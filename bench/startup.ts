// How long a command takes before it does anything, against bare Node and against the AWS command line.
// npm run bench -- startup [runs]
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, timed } from './lib/command.ts';
import { type Pair, runPair } from './lib/pairs.ts';
import { peakOf } from './lib/peak-memory.ts';
import { requirePeers } from './lib/peers.ts';
import { saveResult } from './lib/result.ts';

export async function bench([runs = '21']: readonly string[]): Promise<void> {
  requirePeers('aws');
  const home = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  // As root, the server drops to a user who must be able to enter.
  await chmod(home, 0o755);
  const env = { POSTERN_SANDBOX_HOME: home, XDG_CONFIG_HOME: home, NODE_ENV: 'production' };
  const postern = (command: string) =>
    runProgram(process.execPath, ['bin/run.js', ...command.split(' ')], env);
  await postern('sandbox up --scale 1k --quiet');
  try {
    await postern('backup run');
    await postern('--version');
    const pairs = await measure(Number(runs), env);
    saveResult({ name: 'startup', postgres: '18', pairs, scale: [], profile: [] });
  } finally {
    await postern('sandbox down --quiet');
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(runs: number, env: Readonly<Record<string, string>>): Promise<readonly Pair[]> {
  const pair = (command: string, peer: string, goal: number, theirs: () => Promise<number>) =>
    runPair({
      work: command,
      peer,
      goal,
      runs,
      ours: () => peakOf(process.execPath, ['bin/run.js', ...command.split(' ')], env),
      theirs,
    });
  // A ratio above 1 means that ours is faster, so "at most 2.5 times bare Node" is a goal of 1 / 2.5.
  const bareNode = (command: string, atMost: number) =>
    pair(command, 'node -e 0', 1 / atMost, () => timed(process.execPath, ['-e', '0']));
  return [
    await bareNode('--version', 2.5),
    await pair('--version', 'aws --version', 1, () => timed('aws', ['--version'])),
    await bareNode('state status --json', 6),
    await bareNode('backup list --json', 6),
    await bareNode('backup status --json', 6),
    await bareNode('key status --json', 6),
  ];
}
