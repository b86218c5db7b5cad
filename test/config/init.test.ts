import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCheckedYaml } from '../../src/lib/base/checked-yaml.ts';
import { initConfig } from '../../src/lib/config/init.ts';
import { configFile } from '../../src/lib/config/schema.ts';
import { configTemplate } from '../../src/lib/config/template.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-init-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the template passes its own schema, whatever the profile is called', async () => {
  for (const name of ['production', 'a', 'staging-2_b']) {
    const { value } = await readCheckedYaml(configTemplate(name), 'template', configFile);
    expect(Object.keys(value.profiles)).toEqual([name]);
    expect(value.default_profile).toBe(name);
  }
});

test('a configuration is written once and never over another', async () => {
  const file = join(folder, 'postern.yaml');
  await initConfig(file, 'production');
  expect(await readFile(file, 'utf8')).toBe(configTemplate('production'));
  expect((await stat(file)).mode & 0o777).toBe(0o644);
  await writeFile(file, 'mine');
  await expect(initConfig(file, 'production')).rejects.toMatchObject({ exitCode: 2, code: 'config-exists' });
  expect(await readFile(file, 'utf8')).toBe('mine');
});

test('a bad name or place is refused', async () => {
  await expect(initConfig(join(folder, 'a.yaml'), 'Prod: x')).rejects.toMatchObject({
    exitCode: 2,
    code: 'profile-invalid',
  });
  await expect(initConfig(join(folder, 'postern.yaml/a.yaml'), 'a')).rejects.toMatchObject({
    exitCode: 2,
    code: 'config-unwritable',
    message: expect.stringContaining('a part of its path is not a folder'),
  });
});
