import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from './support/cli.ts';

const source = join(projectRoot, 'src');

/** Each room and how high it stands; imports point down, or stay in the room. */
const height: Readonly<Record<string, number>> = {
  base: 0,
  crypto: 1,
  config: 2,
  platform: 2,
  cloud: 2,
  state: 2,
  audit: 3,
  report: 3,
  operation: 4,
  backup: 5,
  key: 5,
  schedule: 5,
  subject: 5,
  sandbox: 5,
  cli: 6,
  commands: 7,
};

function roomOf(file: string): string {
  const [top = '', second = ''] = relative(source, file).split('/');
  return top === 'lib' ? second : top;
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(source, name));

function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(([, path = '']) =>
    resolve(dirname(file), path),
  );
}

test('every room of the house is known', () => {
  expect(files.map(roomOf).filter((room) => height[room] === undefined)).toEqual([]);
});

test('imports point down, and rooms of one height do not import each other', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter(
        (imported) =>
          roomOf(imported) !== roomOf(file) &&
          (height[roomOf(imported)] ?? 99) >= (height[roomOf(file)] ?? -1),
      )
      .map((imported) => `${relative(source, file)} → ${relative(source, imported)}`),
  );
  expect(wrong).toEqual([]);
});

test('commands hold no SQL and no SDK', () => {
  const wrong = files
    .filter((file) => roomOf(file) === 'commands')
    .filter((file) =>
      /@aws-sdk|from 'pg'|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b/.test(readFileSync(file, 'utf8')),
    )
    .map((file) => relative(source, file));
  expect(wrong).toEqual([]);
});

test('heavy packages are imported only when they are needed', () => {
  const heavy =
    /^import (?!type)[^;]*from '(?:pg|openpgp|@aws-sdk\/[^']+|@inquirer\/[^']+|pg-copy-streams|eta|@electric-sql\/[^']+)'/m;
  expect(
    files.filter((file) => heavy.test(readFileSync(file, 'utf8'))).map((file) => relative(source, file)),
  ).toEqual([]);
});

test('no file is longer than 300 lines, and no command longer than 120', () => {
  const long = files
    .map((file) => ({
      file: relative(source, file),
      lines: readFileSync(file, 'utf8').split('\n').length,
      limit: roomOf(file) === 'commands' ? 120 : 301,
    }))
    .filter(({ lines, limit }) => lines > limit);
  expect(long).toEqual([]);
});
