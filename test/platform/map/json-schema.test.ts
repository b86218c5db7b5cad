import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import {
  dataMapJsonSchema,
  lintDataMap,
  lintRules,
  readDataMap,
} from '../../../src/lib/platform/map/index.ts';

const read = (path: string): Promise<string> =>
  readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('the published schema and the documentation of the data map', () => {
  it('has the schema that the code has; `npm run schemas` writes it anew', async () => {
    expect(JSON.parse(await read('docs/schemas/data-map.json'))).toEqual(dataMapJsonSchema());
  });

  it('forbids unknown keys and asks for what is needed', () => {
    expect(dataMapJsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
      required: ['version', 'subjects', 'tables'],
    });
  });

  it('documents every rule as the code has it', async () => {
    const documented = [
      ...(await read('docs/data-map.md')).matchAll(/^\| (MAP\d\d) \| (\w+) \| (.+?) \|/gm),
    ].map(([, id, severity, demand]) => ({ id, severity, demand }));
    expect(documented).toEqual(lintRules.map(({ id, severity, demand }) => ({ id, severity, demand })));
  });

  it('documents with examples that load, and a whole map with nothing to find', async () => {
    const blocks = [...(await read('docs/data-map.md')).matchAll(/```yaml\n(.+?)```/gs)].map(
      ([, block]) => block ?? '',
    );
    expect(blocks.length).toBeGreaterThan(4);
    for (const block of blocks) expect(parseAllDocuments(block).flatMap(({ errors }) => errors)).toEqual([]);
    const whole = blocks.filter((block) => block.startsWith('version: 1'));
    expect(whole).toHaveLength(1);
    const { map } = await readDataMap(whole[0] ?? '', 'docs/data-map.md');
    expect(lintDataMap(map)).toEqual([]);
    const tables = blocks.filter((block) => block.startsWith('public.'));
    for (const block of tables) {
      await readDataMap(JSON.stringify({ version: 1, subjects: {}, tables: parse(block) }), block);
    }
    expect(tables.length).toBeGreaterThan(3);
  });
});
