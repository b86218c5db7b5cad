import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CompletedCommand, zshCompletion } from '../../src/lib/cli/completion.ts';
import { runCli } from '../support/cli.ts';
import { describeWith } from '../support/optional.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-completion-'));
  await mkdir(join(folder, 'backup'));
  for (const shell of ['bash', 'zsh'])
    await writeFile(join(folder, `completion.${shell}`), (await runCli(['completion', shell])).stdout);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['ba'], ['backup']],
  [['backup', 'keys', ''], ['init']],
  [['backup', 'verify', '--le'], ['--level']],
  [
    ['schedule', 'print', '--format', ''],
    ['systemd', 'cron'],
  ],
  [['schedule', 'print', '--format', '=', 'c'], ['cron']],
  [
    ['schedule', 'print', '--format', '='],
    ['systemd', 'cron'],
  ],
  [['backup', 'verify', '--level', 'full', '--outp'], ['--output']],
  [
    ['completion', ''],
    ['bash', 'zsh'],
  ],
  [['--v'], ['--version']],
  [['doctor', '--he'], ['--help']],
  [['plan', 'show', ''], []],
  [['nosuch', ''], []],
];

describeWith(['bash'], 'in bash', ({ bash }) => {
  test('words, flags, their values and a command’s choices are completed, and files left to the shell', async () => {
    const tries = cases.map(([words]) => `try ${words.map((word) => `'${word}'`).join(' ')}`);
    const script = `source completion.bash
      complete -p postern | grep -q -- '-o default' || exit 9
      try() { COMP_WORDS=(postern "$@"); COMP_CWORD=$#; COMPREPLY=(); _postern; echo "\${COMPREPLY[*]}"; }
      ${tries.join('\n')}`;
    const { stdout, stderr } = await promisify(execFile)(bash, ['--norc', '-c', script], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout.split('\n').slice(0, -1)).toEqual(cases.map(([, wanted]) => wanted.join(' ')));
  });
});

describeWith(['zsh'], 'in zsh', ({ zsh }) => {
  test('the script is sound, and loads', async () => {
    const script =
      'autoload -U compinit && compinit -u -D && source completion.zsh && print -- $_comps[postern]';
    const { stdout, stderr } = await promisify(execFile)(zsh, ['-f', '-c', script], { cwd: folder });
    expect({ stdout, stderr }).toEqual({ stdout: '_postern\n', stderr: '' });
  });
});

test('a quote in a summary does not end the zsh script’s own', () => {
  const command: CompletedCommand = {
    words: ['a'],
    summary: 's',
    choices: [],
    flags: [{ name: 'key', summary: "the operator's key", options: [] }],
  };
  expect(zshCompletion('x', [command])).toContain(`'--key:the operator'\\''s key'`);
});
