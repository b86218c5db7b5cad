import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withFileLock } from '../../src/lib/cloud/local/file-lock.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-lock-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('one at a time holds the lock, also among many of one process, who all see it while it is being made', async () => {
  const path = join(folder, 'count');
  await writeFile(path, '0');
  const increment = () =>
    withFileLock(path, async () => {
      const before = Number(await readFile(path, 'utf8'));
      await writeFile(path, String(before + 1));
    });
  for (const expected of ['40', '80', '120']) {
    await Promise.all(Array.from({ length: 40 }, increment));
    expect(await readFile(path, 'utf8')).toBe(expected);
  }
});
