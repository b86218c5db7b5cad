import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot, runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';

let folder: string;
const map = join(projectRoot, 'examples/sandbox.map.yaml');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-map-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

test('a map is shown as a table, as data, and as a page that stands for itself', async () => {
  const text = await runCli(['map', 'show', map]);
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/mail\.messages +shared +8 +delete when the last owner goes, else detach +P2Y/);

  const report = join(folder, 'map.html');
  const { result } = await checkedJson(
    'map show',
    await runCli(['map', 'show', map, '--report', report, '--json']),
  );
  expect(result).toMatchObject({ todo: 0, report });
  expect(result.tables).toContainEqual(
    expect.objectContaining({
      table: 'mail.invoices',
      erase: 'restrict',
      keep: 'P10Y',
      law: '§ 147 AO',
      isPersonal: true,
    }),
  );
  const page = await readFile(report, 'utf8');
  for (const { table } of result.tables) expect(page).toContain(`<title>${table}</title>`);
  expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
});

test('what is left to be decided is counted, and a file that is no map is refused', async () => {
  const file = join(folder, 'draft.yaml');
  await writeFile(
    file,
    'version: 1\nsubjects: {}\ntables:\n  a.b: {ownership: TODO, retention: TODO, erase: TODO}\n',
  );
  expect((await runCli(['map', 'show', file, '--json'])).json().result).toMatchObject({ todo: 3 });
  await writeFile(file, 'version: 2\n');
  expect((await runCli(['map', 'show', file])).code).toBe(2);
});
