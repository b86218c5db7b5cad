import { expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';
import { atMost } from './at-most.ts';

test('an unknown command is told with a guess, and the guess is not run', async () => {
  const cases = [
    [['config', 'shw'], 'there is no command config shw', 'did you mean `postern config show`?'],
    [['confg', 'init'], 'there is no command confg', 'did you mean `postern config init`?'],
    [
      ['backup', 'keys', 'int'],
      'there is no command backup keys int',
      'did you mean `postern backup keys init`?',
    ],
    [['docter'], 'there is no command docter', 'did you mean `postern doctor`?'],
    [['nosuch', 'hunter2'], 'there is no command nosuch', '`postern --help` lists the commands'],
    [
      ['backup', 'zzzzzz', 'hunter2'],
      'there is no command backup zzzzzz',
      '`postern backup --help` lists the commands',
    ],
    [['nosuch', '--password=hunter2'], 'there is no command nosuch', '`postern --help` lists the commands'],
    [['nosuch', '--help'], 'there is no command nosuch', '`postern --help` lists the commands'],
    [
      ['--password=hunter2'],
      'flags come after a command, and there is none',
      '`postern --help` lists the commands',
    ],
    [
      ['--profile', 'x', 'doctor'],
      'flags come after a command, and there is none',
      '`postern --help` lists the commands',
    ],
  ] as const;
  const runs = await atMost(3, cases, ([argv]) => runCli(argv));
  for (const [index, [, message, hint]] of cases.entries()) {
    expect(runs[index]).toEqual({
      code: 2,
      stdout: '',
      stderr: `postern: error: ${message}\nhint: ${hint}\n`,
      json: expect.any(Function),
    });
  }
});

test('an unknown command keeps to --json, with and without --help', async () => {
  const runs = await atMost(
    3,
    [
      ['config', 'shw', '--json'],
      ['config', 'shw', '--help', '--json'],
      ['config', 'show', 'hunter2', '--json'],
    ],
    (argv) => runCli(argv),
  );
  const [unknown, help, stray] = runs;
  const envelope = { schemaVersion: 1, ok: false, result: null, warnings: [] };
  expect(unknown).toMatchObject({ code: 2, stderr: '' });
  expect(unknown?.json()).toEqual({
    ...envelope,
    command: 'config shw',
    error: {
      message: 'there is no command config shw',
      code: 'unknown-command',
      exitCode: 2,
      hints: ['did you mean `postern config show`?'],
    },
  });
  expect(help).toMatchObject({ code: 2, stderr: '', stdout: unknown?.stdout });
  expect(stray).toMatchObject({ code: 2, stderr: '' });
  expect(stray?.json()).toMatchObject({ ...envelope, command: 'config show', error: { code: 'usage' } });
  expect(stray?.stdout).not.toContain('hunter2');
});

test('a topic alone shows its commands; with anything more, its command was forgotten, which is no success', async () => {
  const [alone, keys, forgotten, json] = await atMost(
    3,
    [['backup'], ['backup', 'keys'], ['backup', '--profile', 'hunter2'], ['backup', '--json']],
    (argv) => runCli(argv),
  );
  expect(alone).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('backup verify') });
  expect(keys).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('backup keys init') });
  expect(forgotten).toMatchObject({
    code: 2,
    stdout: '',
    stderr:
      'postern: error: backup is a topic, and its command is missing\nhint: `postern backup --help` lists its commands\n',
  });
  expect(json).toMatchObject({ code: 2, stderr: '' });
  expect(json?.json()).toMatchObject({ command: 'backup', ok: false, error: { code: 'command-missing' } });
});
