// How long a command takes before it does anything, against bare Node and against the AWS command line.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requirePeer, runProgram, timed } from './lib/command.ts';
import { type Pair, runPair } from './lib/pairs.ts';
import { saveResult } from './lib/result.ts';

const runs = 21;

export async function bench(): Promise<void> {
  const aws = requirePeer('aws', 'pip install awscli, or Debian: apt-get install awscli');
  const home = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  // As root, the server drops to a user who must be able to enter.
  await chmod(home, 0o755);
  const env = { POSTERN_SANDBOX_HOME: home, XDG_CONFIG_HOME: home, NODE_ENV: 'production' };
  const postern =
    (...args: readonly string[]) =>
    () =>
      timed(process.execPath, ['bin/run.js', ...args], env);
  const bareNode = () => timed(process.execPath, ['-e', '0']);
  await runProgram(process.execPath, ['bin/run.js', 'sandbox', 'up', '--scale', '1k', '--quiet'], env);
  try {
    await postern('backup', 'run')();
    await postern('--version')();
    await saveAll([
      // A ratio above 1 means that ours is faster, so "at most 2.5 times bare Node" is a goal of 1 / 2.5.
      await runPair({
        peer: 'node -e 0',
        work: '--version',
        goal: 1 / 2.5,
        runs,
        ours: postern('--version'),
        theirs: bareNode,
      }),
      await runPair({
        peer: 'aws --version',
        work: '--version',
        goal: 1,
        runs,
        ours: postern('--version'),
        theirs: () => timed(aws, ['--version']),
      }),
      await runPair({
        peer: 'node -e 0',
        work: 'state status --json',
        goal: 1 / 6,
        runs,
        ours: postern('state', 'status', '--json'),
        theirs: bareNode,
      }),
      await runPair({
        peer: 'node -e 0',
        work: 'backup list --json',
        goal: 1 / 6,
        runs,
        ours: postern('backup', 'list', '--json'),
        theirs: bareNode,
      }),
    ]);
  } finally {
    await runProgram(process.execPath, ['bin/run.js', 'sandbox', 'down', '--quiet'], env);
    await rm(home, { recursive: true, force: true });
  }
}

async function saveAll(pairs: readonly Pair[]): Promise<void> {
  saveResult({ name: 'startup', postgres: '18', pairs, scale: [], profile: [] });
}
