import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { PosternError } from '../../../src/lib/base/error.ts';
import { loadDataMap, readDataMap } from '../../../src/lib/platform/map/index.ts';
import { platformMap } from './fixture.ts';

const problem = async (text: string): Promise<PosternError> => {
  const thrown: unknown = await readDataMap(text, 'postern.map.yaml').catch((error: unknown) => error);
  if (!(thrown instanceof PosternError)) throw new Error('no PosternError', { cause: thrown });
  expect(thrown.exitCode).toBe(2);
  return thrown;
};
const table = (body: string): string =>
  `version: 1\nsubjects: {}\ntables:\n  public.t:\n    ownership: shared\n    ${body}\n`;

describe('the loader of the data map', () => {
  it('reads a whole map and knows where each part stands', async () => {
    const loaded = await readDataMap(platformMap, 'postern.map.yaml');
    const { map } = loaded;
    expect(map.tables['public.messages']?.erase).toEqual({ when_last_owner: 'delete', else: 'detach' });
    const { line, column } = loaded.positionOf(['tables', 'public.contacts', 'primary_key']);
    expect(platformMap.split('\n')[line - 1]?.slice(column - 1)).toBe('[tenant_id, email]');
  });

  it('takes TODO wherever a person has to decide', async () => {
    const { map } = await readDataMap(
      table(
        'legal_basis: TODO\n    retention: TODO\n    erase: TODO\n    fields: {a: {type: text, category: TODO, identity: TODO, parser: TODO, erase: TODO}}',
      ).replace('shared', 'TODO'),
      'x',
    );
    expect(map.tables['public.t']?.ownership).toBe('TODO');
  });

  it.each([
    ['a wrong version', 'version: 2\nsubjects: {}\ntables: {}', '1:10: version: expected version 1'],
    ['a missing part', 'version: 1\ntables: {}', '1:1: subjects: missing; expected a mapping'],
    [
      'a misspelt key',
      table('primry_key: [id]'),
      '6:5: tables."public.t".primry_key: unknown key; did you mean primary_key?',
    ],
    ['a key from nowhere', table('zzz: 1'), 'zzz: unknown key; known here are description, primary_key,'],
    [
      'a misspelt key inside a choice of forms',
      table('erase: {when_last_owner: delete, els: detach}'),
      'erase.els: unknown key; did you mean else?',
    ],
    [
      'a word that is no choice',
      table('legal_basis: contrct'),
      'legal_basis: expected one of consent, contract,',
    ],
    [
      'a wrong form',
      table('fields: {a: {type: text, erase: {redact: all}}}'),
      'erase.redact: expected one of element, address, node, value',
    ],
    ['no form at all', table('fields: {a: {type: text, erase: 5}}'), 'erase: expected shred, set-null,'],
    [
      'a table without its schema',
      'version: 1\nsubjects: {}\ntables: {messages: {ownership: shared}}',
      'tables.messages: expected schema.table',
    ],
    [
      'a reference without a column',
      table('references: [{column: a, to: public.x, kind: fk}]'),
      '6:34: tables."public.t".references[0].to: expected schema.table.column',
    ],
    [
      'columns that do not pair',
      table('references: [{column: [a, b], to: public.x.y, kind: fk}]'),
      'expected as many columns in to as in column',
    ],
    [
      'a foreign key that folds',
      table('references: [{column: a, to: public.x.y, kind: fk, fold: lower}]'),
      'only where kind is soft',
    ],
    [
      'a field that is nothing',
      table('fields: {a: {category: user.name}}'),
      'fields.a.type: expected a type',
    ],
    ['a duration that is none', table('retention: {keep: 2 years}'), 'expected an ISO 8601 duration'],
    ['an empty duration', table('retention: {keep: PT}'), 'expected an ISO 8601 duration'],
    [
      'a path that is none',
      table('fields: {a: {type: json, paths: {rcpt: {}}}}'),
      'expected a JSONPath that starts with $',
    ],
    [
      'an ignored table without a reason',
      'version: 1\nsubjects: {}\ntables: {}\nignore: [{table: a.b}]',
      'ignore[0].reason: missing; expected a text',
    ],
    [
      'a trigger that copies nowhere',
      'version: 1\nsubjects: {}\ntables: {}\ntriggers: {a.b.c: {effect: copies-pii}}',
      'expected to, the table',
    ],
    [
      'a name that would be swallowed',
      table('fields: {a: {type: text}, __proto__: {type: text, category: user.name}}'),
      '6:31: the name __proto__ cannot stand here',
    ],
    ['a key that comes twice', 'version: 1\nversion: 1\n', '2:1: map keys must be unique'],
    [
      'one table in two spellings',
      `version: 1\nsubjects: {}\ntables:\n  a.b: {ownership: shared}\n  '"a".b': {ownership: shared}\n`,
      'a.b is here twice',
    ],
    ['no YAML', 'version: [1', 'postern.map.yaml:1:'],
    ['nothing', '', 'postern.map.yaml:1:1: expected a mapping, not nothing'],
    ['a list', '- a', 'expected a mapping, not a list'],
  ])('says what is wrong and where: %s', async (_, text, says) => {
    expect((await problem(text)).message).toContain(says);
  });

  it('reports every problem at once, in the order of the lines', async () => {
    const { message } = await problem(table('legal_basis: 1\n    retention: 2\n    tennant: 3'));
    expect(message.match(/postern\.map\.yaml:\d+/g)).toEqual([
      'postern.map.yaml:6',
      'postern.map.yaml:7',
      'postern.map.yaml:8',
    ]);
    expect(message).toMatch(/^3 problems/);
  });

  it('refuses aliases that would grow without end, and a file beyond all size', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`,
    );
    expect((await problem(['a0: &a0 [x, x]', ...levels].join('\n'))).message).toMatch(/alias/i);
    expect((await problem('# '.padEnd(17 * 2 ** 20, 'x'))).message).toContain('16 MiB');
  });

  it('says which file is missing', async () => {
    await expect(loadDataMap('/nonexistent/map.yaml')).rejects.toMatchObject({
      exitCode: 2,
      code: 'map-missing',
    });
    const folder = await mkdtemp(join(tmpdir(), 'postern-map-'));
    await writeFile(join(folder, 'map.yaml'), platformMap);
    expect((await loadDataMap(join(folder, 'map.yaml'))).file).toBe(join(folder, 'map.yaml'));
    await rm(folder, { recursive: true });
  });

  it('meets any text and any value with a map or with one clear error', async () => {
    const calm = async (text: string): Promise<void> => {
      const thrown: unknown = await readDataMap(text, 'x').catch((error: unknown) => error);
      if (thrown instanceof Error && !(thrown instanceof PosternError)) throw thrown;
    };
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), calm), { numRuns: 120 });
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (subjects, fields, rest) =>
        calm(
          stringify({
            version: 1,
            subjects,
            tables: { 'a.b': { ownership: 'shared', fields, references: rest, erase: rest } },
            triggers: rest,
          }),
        ),
      ),
      { numRuns: 120 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(platformMap.length - 1), fc.string({ maxLength: 3 }), (at, text) =>
        calm(platformMap.slice(0, at) + text + platformMap.slice(at + 1)),
      ),
      { numRuns: 120 },
    );
  });
});
