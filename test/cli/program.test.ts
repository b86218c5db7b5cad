import { execFile, execFileSync } from 'node:child_process';
import { accessSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runCli, runScript } from '../support/cli.ts';

/** A Node of the system that postern does not work with, where there is one. */
const oldNode = ['/usr/bin/node', '/usr/local/bin/node', '/bin/node'].find((path) => {
  try {
    accessSync(path);
    return Number(execFileSync(path, ['-p', 'process.versions.node.split(".")[0]']).toString()) < 24;
  } catch {
    return false;
  }
});

test.skipIf(oldNode === undefined)('a Node that is too old is told in one line with 2', async () => {
  const run = await new Promise((resolve) => {
    execFile(oldNode ?? '', [runScript, 'doctor'], (error, stdout, stderr) =>
      resolve({ code: error?.code, stdout, stderr }),
    );
  });
  expect(run).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^postern: error: Node [\d.]+ is too old or untested; postern needs .*\n$/),
  });
});

const throwing = (
  flags = '',
): Promise<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }> => {
  const script = `process.on('newListener',(name)=>{if(name==='uncaughtException')setImmediate(()=>{throw new TypeError('boom')})})`;
  return runCli(['doctor', ...(flags === '' ? [] : [flags])], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` },
  });
};

test('an error that nothing caught says that it is a bug, without a stack unless asked', async () => {
  expect(await throwing()).toMatchObject({
    code: 1,
    stdout: '',
    stderr:
      'postern: error: unexpected: boom\nhint: this is a bug in postern; run again with --verbose and report the whole output\n',
  });
  expect((await throwing('--verbose')).stderr).toMatch(/TypeError: boom\n\s+at /);
});

test('stdin is left alone where a command does not ask for it', async () => {
  const run = await runCli(['completion'], { stdin: 'bash\n' });
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('missing argument SHELL') });
  const show = await runCli(['certificate', 'show'], { stdin: 'abc\n' });
  expect(show).toMatchObject({ code: 2, stderr: expect.stringContaining('missing argument ID') });
});
