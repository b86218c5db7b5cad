import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Config } from '@oclif/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '../support/cli.ts';

const documents = [
  ...readdirSync(projectRoot).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((name) => ({ name, text: readFileSync(join(projectRoot, name), 'utf8') }));

/** Text outside code. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
}

/** The anchor that a heading gets on code hosts: lowercase words, hyphens for spaces, nothing else. */
function anchors(text: string): readonly string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is wrong with a link of a document; undefined for a sound one, and for those to other sites. */
function linkProblem(document: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(projectRoot, document) : resolve(projectRoot, dirname(document), path);
  if (!existsSync(file)) return `${target}: no such file`;
  if (relative(projectRoot, file).startsWith('..')) return `${target}: outside the project`;
  if (anchor === undefined) return undefined;
  if (statSync(file).isDirectory() || !anchors(readFileSync(file, 'utf8')).includes(anchor))
    return `${target}: no such heading`;
  return undefined;
}

function linkProblems(name: string, text: string): readonly string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => linkProblem(name, target))
    .filter((problem) => problem !== undefined);
}

/** Command lines of postern in code: `postern …`, up to what ends a command in a shell. */
function commandLines(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```(?:sh|text|)\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.split('\n'),
  );
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  );
  // A quoted value is no end of a command, unless a command stands in it.
  return [...blocks, ...inline].flatMap((line) =>
    [
      ...line
        .replaceAll(/"[^"()]*"/g, 'VALUE')
        .matchAll(/(?:^\s*(?:\$ )?|[("] *|\$\(|<\()postern ([^|>()"&]*)/g),
    ].map(([, rest = '']) => rest),
  );
}

/** Commands that are named without `postern` before them: `map check --json`. */
function shortCommandLines(text: string): readonly string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([a-z]+ [a-z][^`\n|>()"&]*)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => config.findCommand(code.split(' ').slice(0, 2).join(':')) !== undefined);
}

/** Commands in backticks that a message or a help text of the program names. */
function namedInSource(source: string): readonly string[] {
  const inTemplates = [...source.matchAll(/\\`postern (.*?)\\`/g)];
  const inStrings = [...source.matchAll(/'(?:[^'\\\n]|\\.)*'/g)].flatMap(([text]) => [
    ...text.matchAll(/`postern ([^`]*)`/g),
  ]);
  return [...inTemplates, ...inStrings].map(([, line = '']) =>
    (line.split(/[|>()&]/)[0] ?? '').replaceAll(/\$\{[^}]*\}?/g, 'VALUE').replaceAll(/"[^"]*"/g, 'VALUE'),
  );
}

/** What is wrong with a command line that stands in a document. */
function commandProblem(config: Config, line: string): string | undefined {
  const words =
    line
      .split(/\s{2,}|…|#/)[0]
      ?.trim()
      .split(/\s+/) ?? [];
  const names = words.filter((word) => /^[a-z][a-z|-]*$/.test(word));
  const flags = words.flatMap((word) => /^\[?--([a-z-]+)/.exec(word)?.[1] ?? []);
  const ids = expand(names).map((path) => longest(config, path));
  if (names.length === 0) {
    const isKnown = flags.every((flag) => ['version', 'help'].includes(flag));
    return isKnown ? undefined : `postern ${line}: unknown flag`;
  }
  for (const id of ids) {
    if (id === undefined) return `postern ${line}: no such command`;
    const known = config.findCommand(id)?.flags ?? {};
    const unknown = flags.filter((flag) => !(flag in known) && flag !== 'help');
    if (unknown.length > 0) return `postern ${line}: no flag --${unknown.join(', --')}`;
  }
  return undefined;
}

/** `sandbox up|down` is two commands. */
function expand(names: readonly string[]): readonly (readonly string[])[] {
  return names.reduce<readonly (readonly string[])[]>(
    (paths, name) => paths.flatMap((path) => name.split('|').map((choice) => [...path, choice])),
    [[]],
  );
}

/** The id of the longest command or topic that the words begin with; a topic must be all of them. */
function longest(config: Config, words: readonly string[]): string | undefined {
  for (let length = words.length; length > 0; length -= 1) {
    const id = words.slice(0, length).join(':');
    if (config.findCommand(id) !== undefined) return id;
  }
  const topic = words.join(':');
  return config.findTopic(topic) === undefined ? undefined : topic;
}

let config: Config;
beforeAll(async () => {
  config = await Config.load({ root: projectRoot });
});

describe.each(documents)('$name', ({ name, text }) => {
  test('every relative link leads to a file and a heading that are there', () => {
    expect(linkProblems(name, text)).toEqual([]);
  });

  test('every command of postern in it exists, with the flags it has there', () => {
    const lines = [...commandLines(text), ...shortCommandLines(text)];
    const problems = lines.map((line) => commandProblem(config, line));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });
});

test('every command that a message of the program names exists, with its flags', () => {
  const folder = join(projectRoot, 'src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const found = sources.flatMap((name) =>
    namedInSource(readFileSync(join(folder, name), 'utf8')).flatMap((line) => {
      const problem = commandProblem(config, line);
      return problem === undefined ? [] : `${name}: ${problem}`;
    }),
  );
  expect(found).toEqual([]);
  expect(namedInSource("throw x('`postern doctor --json` tells')")).toEqual(['doctor --json']);
});

describe('the checks themselves', () => {
  test('find a missing file and a missing heading, and leave sound links alone', () => {
    expect(
      linkProblems('docs/README.md', '[a](nothing.md) [b](glossary.md#nothing) [c](glossary.md#work)'),
    ).toEqual(['nothing.md: no such file', 'glossary.md#nothing: no such heading']);
  });

  test('find an unknown command and an unknown flag, in a line and in a block', () => {
    const text =
      '`postern backup frobnicate` `postern backup run --dry-run`\n```sh\npostern doctor --nothing\n```\n';
    expect(commandLines(text).map((line) => commandProblem(config, line))).toEqual([
      expect.stringContaining('no flag --nothing'),
      expect.stringContaining('no such command'),
      undefined,
    ]);
  });

  test('see the commands of the README', () => {
    const readme = documents.find(({ name }) => name === 'README.md')?.text ?? '';
    expect(commandLines(readme).length).toBeGreaterThan(40);
  });
});
