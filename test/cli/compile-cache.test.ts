// Compiled code is run as it is: whoever writes into its cache decides what the next command does.
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-compile-cache-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (cache: string) =>
  runCli(['completion', 'bash'], {
    env: { XDG_CACHE_HOME: cache, TMPDIR: folder, NODE_COMPILE_CACHE: undefined },
  });

test('compiled code is kept in a folder of its own that nobody else can read', async () => {
  const cache = join(folder, 'cache');
  expect((await run(cache)).code).toBe(0);
  const kept = join(cache, 'postern', 'compile-cache');
  expect((await stat(kept)).mode & 0o777).toBe(0o700);
  expect(await readdir(kept)).not.toEqual([]);
  expect(await readdir(folder)).toEqual(['cache']);
});

test.each(['postern/compile-cache', 'postern'])(
  'a cache whose folder %s others can write to is left alone',
  async (open) => {
    const cache = join(folder, 'cache');
    const kept = join(cache, 'postern', 'compile-cache');
    await mkdir(kept, { recursive: true, mode: 0o700 });
    await chmod(join(cache, open), 0o777);
    expect((await run(cache)).code).toBe(0);
    expect(await readdir(kept)).toEqual([]);
  },
);

test('without a place for it, commands work all the same', async () => {
  expect((await run('/dev/null')).code).toBe(0);
  expect(await readdir(folder)).toEqual([]);
});
