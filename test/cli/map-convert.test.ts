import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectRoot, runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';

const map = join(projectRoot, 'examples/sandbox.map.yaml');
const fideslang = ['--format', 'fideslang'];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-convert-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a map is written as datasets, told what is lost, and read back as a draft', async () => {
  const file = join(folder, 'datasets.yml');
  const exported = await runCli(['map', 'export', map, ...fideslang, '--output', file, '--json']);
  expect(exported.code).toBe(0);
  const { result, warnings } = await checkedJson('map export', exported);
  expect(result).toMatchObject({ datasets: 2, collections: 23, output: file, text: null });
  const kinds = new Set((result['losses'] as readonly { readonly kind: string }[]).map(({ kind }) => kind));
  expect(warnings).toHaveLength(kinds.size);

  const printed = await runCli(['map', 'export', map, ...fideslang]);
  expect(printed.stdout).toBe(await readFile(file, 'utf8'));
  expect(printed.stderr).toMatch(
    /ownership, 11 places: mail\.tenants: rows belong .*; so too mail\.messages, .* and 7 more\n/,
  );

  const imported = await checkedJson(
    'map import',
    await runCli(['map', 'import', file, ...fideslang, '--json']),
  );
  expect(imported.result).toMatchObject({ tables: 23, losses: [], output: null });
  const draft = join(folder, 'draft.yaml');
  expect((await runCli(['map', 'import', file, ...fideslang, '--output', draft])).code).toBe(0);
  expect(await readFile(draft, 'utf8')).toBe(imported.result['draft']);
  const lint = (await runCli(['map', 'lint', draft, '--offline', '--json'])).json().result as {
    readonly findings: readonly { readonly rule: string }[];
  };
  expect(lint.findings.filter(({ rule }) => rule === 'MAP11')).toHaveLength(
    imported.result['todos'] as number,
  );
});

test('--strict writes nothing where something would be lost, and ends with 3', async () => {
  const file = join(folder, 'datasets.yml');
  const strict = await runCli(['map', 'export', map, ...fideslang, '--strict', '--output', file]);
  expect(strict).toMatchObject({ code: 3, stdout: '' });
  expect(strict.stderr).toContain('nothing was written');
  expect(await readdir(folder)).toEqual([]);

  const plain = join(folder, 'plain.yaml');
  await writeFile(
    plain,
    'version: 1\nsubjects: {}\ntables: {a.b: {primary_key: [id], ownership: exclusive, erase: delete}}\n',
  );
  expect(await runCli(['map', 'export', plain, ...fideslang, '--strict'])).toMatchObject({ code: 0 });
});

test('a file that is none, that is there already, or of another format is refused', async () => {
  const bad = join(folder, 'bad.yml');
  const code = async (...argv: readonly string[]) => (await runCli(['map', ...argv])).code;
  await writeFile(bad, 'dataset:\n  - {fides_key: "a b", collections: []}\n  - {fides_key: c}\n');
  const refused = await runCli(['map', 'import', bad, ...fideslang]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/bad\.yml:2:\d+: dataset\[0\]\.fides_key: expected letters/);
  expect(refused.stderr).toMatch(/bad\.yml:3:\d+: dataset\[1\]\.collections: missing/);
  expect(await code('import', join(folder, 'gone.yml'), ...fideslang)).toBe(2);
  expect(await code('import', bad)).toBe(2);
  expect(await code('export', map, '--format', 'xml')).toBe(2);
  expect(await code('export', map, ...fideslang, '--output', bad)).toBe(2);
});
