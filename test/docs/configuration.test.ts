import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { planKindNames } from '../../src/lib/cli/plan-kinds.ts';
import { configFile } from '../../src/lib/config/schema.ts';
import { configTemplate } from '../../src/lib/config/template.ts';
import { projectRoot } from '../support/cli.ts';

const document = readFileSync(join(projectRoot, 'docs/configuration.md'), 'utf8');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
}

/** Every key below a schema, dotted; `NAME` stands for a name that a person chooses. */
function keysOf(schema: Schema, path: readonly string[] = []): readonly string[] {
  const below = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((part) => keysOf(part, path));
  const named = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const deeper = keysOf(value, [...path, key]);
    return deeper.length === 0 ? [[...path, key].join('.')] : deeper;
  });
  return [...new Set([...below, ...named, ...chosen(schema.additionalProperties, [...path, 'NAME'])])];
}

function chosen(value: Schema | boolean | undefined, path: readonly string[]): readonly string[] {
  if (typeof value !== 'object') return [];
  const deeper = keysOf(value, path);
  return deeper.length === 0 ? [path.join('.')] : deeper;
}

const root = z.toJSONSchema(configFile, { io: 'input' }) as Schema;
const profiles = root.properties?.['profiles']?.additionalProperties as Schema;
const parts = Object.entries(profiles.properties ?? {});

/** The keys that stand in the first column of a section's tables. */
function documented(title: string): readonly string[] {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  const cells = [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key));
}

test('every key of the top level is described', () => {
  expect(documented('The top level').toSorted()).toEqual(Object.keys(root.properties ?? {}).toSorted());
});

test.each(parts.filter(([name]) => name !== 'approvals'))(
  'the section on %s describes every key that the schema has, and no other',
  (name, schema) => {
    const wanted = keysOf(schema);
    expect(wanted.length).toBeGreaterThan(1);
    // A line for a whole object is welcome, beside those for its keys.
    const objects = new Set(wanted.flatMap((key) => [key.split('.').slice(0, -1).join('.')]));
    expect(
      documented(name)
        .filter((key) => !objects.has(key))
        .toSorted(),
    ).toEqual([...wanted].toSorted());
  },
);

test('the section on approvals names every kind of plan', () => {
  expect(documented('approvals').toSorted()).toEqual([...planKindNames].toSorted());
});

describe('examples', () => {
  const examples = [...document.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);

  test('there is one for every part', () => {
    const shown = new Set(
      examples.filter((text) => !text.startsWith('version')).flatMap((text) => Object.keys(parse(text))),
    );
    expect([...shown].toSorted()).toEqual(parts.map(([name]) => name).toSorted());
  });

  test.each(examples)('%s passes the schema', (text) => {
    const value: unknown = parse(text);
    const whole = text.startsWith('version') ? value : { version: 1, profiles: { example: value } };
    expect(configFile.safeParse(whole).error?.issues ?? []).toEqual([]);
  });

  test('one with an unknown key would not', () => {
    const value: unknown = parse(`version: 1\nprofiles: {a: {platform: {uri: x}}}`);
    expect(configFile.safeParse(value).success).toBe(false);
  });

  test('the first configuration of `config init` passes the schema too', () => {
    expect(configFile.safeParse(parse(configTemplate('production'))).error?.issues ?? []).toEqual([]);
  });
});
