import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Config } from '@oclif/core';
import { beforeAll, describe, expect, it, test, vi } from 'vitest';
import type { z } from 'zod';
import { ExitCode, exitCodeMeaning } from '../../src/lib/base/exit-code.ts';
import PosternHelp from '../../src/lib/cli/help.ts';
import { projectRoot, runCli } from '../support/cli.ts';
import { atMost } from './at-most.ts';

type Declared = Command.Class & {
  readonly exitCodes: readonly ExitCode[];
  readonly result?: () => Promise<z.ZodType>;
};

const config = await Config.load({ root: projectRoot, ignoreManifest: true });
const commands = await Promise.all(
  config.commands.map(async (command) => ({
    id: command.id.replaceAll(':', ' '),
    command,
    declared: (await command.load()) as Declared,
  })),
);

/** A fragment: lower case (names aside), no full stop. */
const fragment = /^(?:[a-z-]|SHA|OpenPGP|ASCII|Ed25519).*[^.\s]$/s;
const verbLike = /^[a-z]+ /;

test('all commands are found', () => {
  expect(commands.length).toBeGreaterThan(25);
});

describe.each(commands)('postern $id', ({ id, command, declared }) => {
  it('declares what it is, as a person and as a script want to know it', async () => {
    expect(declared.summary).toMatch(fragment);
    expect(declared.summary).toMatch(verbLike);
    expect(declared.description).toMatch(/\.$/);
    expect(declared.enableJsonFlag).toBe(true);
    expect(declared.result).toBeTypeOf('function');
    expect(await declared.result?.()).toHaveProperty('safeParse');
    const { exitCodes } = declared;
    expect(exitCodes.toSorted((a, b) => a - b)).toEqual(exitCodes);
    expect(new Set(exitCodes).size).toBe(exitCodes.length);
    expect(exitCodes).toEqual(expect.arrayContaining([ExitCode.done, ExitCode.usage]));
  });

  it('has examples, with long flags that it knows', () => {
    const examples = (declared.examples ?? []) as readonly string[];
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(example).toContain('<%= config.bin %> <%= command.id %>');
      const own = example.split('<%= command.id %>')[1]?.split(/[|>]|&&|\)"/)[0] ?? '';
      for (const [, flag = ''] of own.matchAll(/ (-[\w-]+)/g)) {
        expect(flag).toMatch(/^--/);
        expect(Object.keys(command.flags)).toContain(flag.slice(2));
      }
    }
  });

  it('names its flags and arguments in the same way as the others', () => {
    for (const [name, flag] of Object.entries(command.flags)) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(flag.summary, `--${name}`).toMatch(fragment);
    }
    for (const [name, argument] of Object.entries(command.args)) {
      expect(name).toMatch(/^[a-z]+$/);
      expect(argument.description, name).toMatch(fragment);
    }
    const optional = Object.values(command.args).filter(({ required }) => required !== true);
    expect(optional.length).toBeLessThanOrEqual(1);
    for (const argument of Object.values(declared.args)) expect(argument.ignoreStdin).toBe(true);
    for (const flag of Object.values(declared.flags ?? {}))
      if ('multiple' in flag && flag.multiple) expect(flag).toMatchObject({ multipleNonGreedy: true });
  });

  it('ends its help with its exit codes', async () => {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    });
    try {
      await new PosternHelp(config).showCommandHelp({ ...command });
    } finally {
      spy.mockRestore();
    }
    const text = lines.join('');
    const wanted = declared.exitCodes.map(
      (code) => `  ${String(code).padStart(3)}  ${exitCodeMeaning[code]}\n`,
    );
    expect(text.trimEnd()).toMatch(new RegExp(`EXIT CODES\\n${escaped(wanted.join('').trimEnd())}$`));
    expect(text).toContain(`$ postern ${id}`);
    expect(text, 'an alternative that is empty').not.toMatch(/\[\s*\||\|\s*\||\|\s*\]/);
    expect(
      text.split('\n').filter((line) => line.length > 100 && !/^\s*(\$|psql|source)/.test(line)),
    ).toEqual([]);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('the spawned program', () => {
  let version: string;
  beforeAll(async () => {
    const text = await readFile(join(projectRoot, 'package.json'), 'utf8');
    version = (JSON.parse(text) as { version: string }).version;
  });

  it('answers -h, --help, -V and --version on stdout with 0, and all exit codes stand in its own help', async () => {
    const runs = await atMost(
      3,
      [
        [],
        ['-h'],
        ['--help'],
        ['-V'],
        ['--version'],
        ['config', 'show', '-h'],
        ['config', 'show', '--json', '--help'],
        ['help'],
      ],
      (argv) => runCli(argv),
    );
    const [bare, h, help, v, long, command, json, word] = runs;
    for (const run of runs.slice(0, -1)) expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(h?.stdout).toBe(help?.stdout);
    expect(bare?.stdout).toBe(help?.stdout);
    for (const [code, meaning] of Object.entries(exitCodeMeaning))
      expect(help?.stdout).toContain(`  ${code.padStart(3)}  ${meaning}`);
    expect(v?.stdout).toBe(long?.stdout);
    expect(v?.stdout).toMatch(new RegExp(`^postern/${escaped(version)} \\S+ node-v\\d+\\.\\d+\\.\\d+\\n$`));
    expect(command?.stdout).toMatch(
      /EXIT CODES\n {4}0 {2}done, nothing to report\n {4}2 {2}usage or configuration\n+$/,
    );
    expect(json?.stdout).toBe(command?.stdout);
    expect(word).toMatchObject({ code: 2, stderr: expect.stringContaining('postern --help') });
  });

  it('is what the manifest says, so that a command that is built is also found', async () => {
    const cached = await Config.load({ root: projectRoot });
    const ids = (of: Config): readonly string[] => of.commands.map((each) => each.id).toSorted();
    expect(ids(cached)).toEqual(ids(config));
  });
});
