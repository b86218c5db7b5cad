import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { fileName } from '../../src/lib/backup/format/layout.ts';
import {
  manifest,
  manifestFile,
  manifestSource,
  manifestTable,
  stub,
} from '../../src/lib/backup/format/manifest.ts';
import { partHeader } from '../../src/lib/backup/format/part-sql.ts';
import { rowChecksum } from '../../src/lib/backup/format/row-checksum.ts';
import { projectRoot } from '../support/cli.ts';

const document = readFileSync(join(projectRoot, 'docs/formats/backup-set.md'), 'utf8');

function section(title: string): string {
  const text = document.split(/^#{2,3} /m).find((part) => part.startsWith(`${title}\n`));
  if (text === undefined) throw new Error(`docs/formats/backup-set.md has no section ${title}`);
  return text;
}

const first16 = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

test('the worked example of the row checksum is what the code computes', () => {
  const rows = [...section('Of a table').matchAll(/^\| `(\d→.*)` \| `([0-9a-f]{32})` \|$/gm)].map(
    ([, line = '', digest = '']) => ({ line: line.replaceAll('→', '\t'), digest }),
  );
  expect(rows).toHaveLength(3);
  for (const { line, digest } of rows) expect(first16(line)).toBe(digest);
  const sum = rowChecksum();
  sum.add(Buffer.from(rows.map(({ line }) => `${line}\n`).join('')));
  const { rows: count, checksum } = sum.sum();
  expect(section('Of a table')).toContain(`"rows":${count}`);
  expect(section('Of a table')).toContain(`\`${checksum}\``);
  const plain = rows.reduce((total, { digest }) => total + BigInt(`0x${digest}`), 0n);
  expect(plain >> 128n).toBe(1n);
});

test('the worked example of the large objects is right', () => {
  const text = section('Of the large objects');
  expect(text).toContain(`\`${first16('70002\ta large object')}\``);
  expect(text).toContain(`\`${first16('70001\t')}\``);
});

test('every member of the manifest and of set.json is described', () => {
  const members = (schema: z.ZodObject) => Object.keys(schema.shape);
  const missing = (text: string, names: readonly string[]) =>
    names.filter((name) => !text.includes(`\`${name}\``));
  expect(missing(section('set.json'), members(stub))).toEqual([]);
  const described = section('The manifest');
  expect(
    missing(described, [
      ...members(manifest),
      ...members(manifestSource),
      ...members(manifestSource.shape.keyring.element),
      ...members(manifestTable.shape.zeroed.unwrap().element),
      ...members(manifestFile.shape.copies.valueType),
      ...members(manifestTable),
      ...members(manifestFile),
      ...manifestFile.shape.kind.options,
    ]),
  ).toEqual([]);
});

test('every file of a set stands in the table of the folder', () => {
  const table = section('The folder');
  expect(Object.values(fileName).filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
});

test('the lines before the rows of a part are those that are shown', () => {
  const shown = /```text\n([\s\S]*?)\nrow\n/.exec(section('A part of a table'))?.[1] ?? '';
  const header = partHeader({ schema: 'schema', name: 'table', columns: ['column'] }, 'UTF8').toString();
  expect(`${shown.replace(', …', '')}\n`).toBe(header);
});
