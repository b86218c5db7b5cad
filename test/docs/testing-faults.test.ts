import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/cli.ts';

const document = readFileSync(join(projectRoot, 'docs/testing-faults.md'), 'utf8');

// That the files are there is checked with all other links.
test('each of the fourteen kinds of faults says where it is tested', () => {
  const rows = [...document.matchAll(/^\| (\d+) \| .* \| (.*) \|$/gm)];
  expect(rows.map(([, kind]) => Number(kind))).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  for (const [row, , where = ''] of rows) expect(where, row).toMatch(/\]\(\.\.\/test\/\S+\.test\.ts\)/);
});

test('every test of faults stands in the table', () => {
  const files = readdirSync(join(projectRoot, 'test/backup/fault')).filter((name) =>
    name.endsWith('.test.ts'),
  );
  expect(files.filter((name) => !document.includes(`(../test/backup/fault/${name})`))).toEqual([]);
});
