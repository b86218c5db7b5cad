import { Args, Errors, Flags, Parser } from '@oclif/core';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { explainError, traceOf } from '../../src/lib/cli/report-error.ts';
import { runCli } from '../support/cli.ts';
import { atMost } from './at-most.ts';

/** argv, the message, and the hint before the one that every such error ends with. */
const wrong: readonly (readonly [readonly string[], string, string?])[] = [
  [['backup', 'list', '--passphrase-x=hunter2'], 'unknown flag --passphrase-x'],
  [['backup', 'list', '-phunter2'], 'unknown flag -p'],
  [['backup', 'list', '--outptu', 'csv'], 'unknown flag --outptu', 'did you mean --output?'],
  [['backup', 'list', 'hunter2'], 'too many arguments: this command takes no arguments'],
  [['backup', 'show', 'a', 'hunter2'], 'too many arguments: this command takes only SET'],
  [['backup', 'list', '--output', 'hunter2'], '--output must be one of table, csv, yaml'],
  [['completion', 'hunter2'], 'the argument must be one of bash, zsh'],
  [['completion'], 'missing argument SHELL (bash or zsh)'],
  [['backup', 'keys', 'init', '--name', 'hunter2'], 'missing flag --directory; missing flag --email'],
  [['sandbox', 'up', '--port', 'hunter2'], '--port must be a whole number'],
  [['sandbox', 'up', '--port', '70000'], '--port must be at most 65535'],
  [['plan', 'sign', 'x', '--passphrase-file', 'hunter2'], '--passphrase-file needs --key'],
  [
    ['backup', 'keys', 'init', '--directory=a', '--email=b', '--no-passphrase', '--passphrase-file=hunter2'],
    '--no-passphrase and --passphrase-file do not go together',
  ],
  [['backup', 'list', '--profile'], '--profile needs a value'],
];

test('whatever is wrong on the command line ends with 2 and one line, and no value is repeated, not even by --verbose', async () => {
  const runs = await atMost(3, wrong, ([argv]) => runCli([...argv, '--verbose']));
  for (const [index, [argv, message, hint]] of wrong.entries()) {
    // `--profile --verbose` is a value that looks like a flag, which oclif takes for a missing one.
    const command = argv.slice(0, argv[1] === 'keys' ? 3 : argv[0] === 'completion' ? 1 : 2).join(' ');
    expect(runs[index]).toMatchObject({ code: 2, stdout: '' });
    expect(runs[index]?.stderr.trimEnd().split('\n')).toEqual([
      `postern: error: ${message}`,
      ...(hint === undefined ? [] : [`hint: ${hint}`]),
      `hint: \`postern ${command} --help\` shows what it takes`,
    ]);
  }
});

test('under --json the same stands in the envelope, on stdout alone', async () => {
  const chosen = wrong.filter((_, index) => index % 3 === 0);
  const runs = await atMost(3, chosen, ([argv]) => runCli([...argv, '--json']));
  for (const [index, [, message]] of chosen.entries()) {
    const run = runs[index];
    expect(run).toMatchObject({ code: 2, stderr: '' });
    expect(run?.stdout).not.toContain('hunter2');
    expect(run?.json()).toEqual({
      schemaVersion: 1,
      command: expect.stringMatching(/^[a-z ]+$/),
      ok: false,
      result: null,
      warnings: [],
      error: { message, code: 'usage', exitCode: 2, hints: expect.any(Array) },
    });
  }
});

describe('explaining a parse error', () => {
  const input = {
    args: {
      file: Args.string({ ignoreStdin: true, options: ['x'] }),
      address: Args.custom({
        ignoreStdin: true,
        parse: (text) => Promise.reject(new Errors.CLIError(`cannot use ${text}`)),
      })(),
    },
    flags: {
      one: Flags.string({ options: ['a', 'b'] }),
      two: Flags.integer({ min: 1, max: 5, exclusive: ['one'] }),
      three: Flags.boolean({ dependsOn: ['two'] }),
      five: Flags.url(),
      four: Flags.string({ exactlyOne: ['four', 'one'], required: true }),
    },
    strict: true,
  };

  it('never repeats what was typed, wherever it stands', async () => {
    const secret = fc.stringMatching(/^[a-z]{3}\d{6}$/);
    const word = fc.constantFrom(
      (text: string) => text,
      (text: string) => `--unknown=${text}`,
      (text: string) => `-x${text}`,
      (text: string) => `--one=${text}`,
      (text: string) => `--one=${text} to be one of: ${text}\n${text}`,
      (text: string) => `--two=${text}`,
      () => '--two=4',
      (text: string) => `--four=${text} cannot also be provided when using --one\n--one`,
      (text: string) => `--five=${text}`,
      () => 'x',
      () => '--three',
      () => '--',
    );
    const argv = fc.array(fc.tuple(word, secret), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(argv, async (words) => {
        const thrown: unknown = await Parser.parse(
          words.map(([make, text]) => make(text)),
          input,
        ).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (thrown === undefined) return;
        const told = explainError(thrown);
        expect(told).toMatchObject({ exitCode: 2, isBug: false });
        expect(traceOf(thrown)).toBeUndefined();
        for (const [, text] of words) expect(JSON.stringify(told)).not.toContain(text);
      }),
      { numRuns: 400 },
    );
  });
});
