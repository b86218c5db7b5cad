import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findPgDumps } from '../../src/lib/backup/schema-dump/find-pg-dump.ts';
import { chooseSchemaDumper } from '../../src/lib/backup/schema-dump/index.ts';

describe('chooseSchemaDumper', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-pg-dump-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  async function program(name: string, output: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\necho '${output}'\n`);
    await chmod(path, 0o755);
    return path;
  }

  test("takes a native pg_dump of the server's version or a later one", async () => {
    const nativePath = await program('seventeen', 'pg_dump (PostgreSQL) 17.2 (Debian 17.2-1.pgdg120+1)');
    const dumper = { kind: 'native', path: nativePath, version: '17.2', major: 17 };
    expect(await chooseSchemaDumper({ serverVersion: 170_009, nativePath })).toEqual(dumper);
    expect(await chooseSchemaDumper({ serverVersion: 120_001, nativePath })).toEqual(dumper);
  });

  test('takes the built-in one where the native one is too old, or is not wanted', async () => {
    const nativePath = await program('sixteen', 'pg_dump (PostgreSQL) 16.4');
    const builtIn = { kind: 'wasm', version: expect.stringMatching(/^18\.\d+$/), major: 18 };
    expect(await chooseSchemaDumper({ serverVersion: 180_004, nativePath })).toEqual(builtIn);
    expect(await chooseSchemaDumper({ serverVersion: 150_000, nativePath, prefer: 'wasm' })).toEqual(builtIn);
  });

  test('refuses a server that is newer than every pg_dump, and says which there are', async () => {
    const nativePath = await program('sixteen', 'pg_dump (PostgreSQL) 16.4');
    await expect(chooseSchemaDumper({ serverVersion: 190_000, nativePath })).rejects.toMatchObject({
      code: 'pg-dump-too-old',
      exitCode: 1,
      message: expect.stringMatching(/PostgreSQL 19 .* found 16\.4 \(.*\/sixteen\), 18\.\d+ \(built in\)$/),
      hints: [expect.stringContaining('postgresql-client-19')],
    });
    await expect(
      chooseSchemaDumper({ serverVersion: 170_000, nativePath, prefer: 'native' }),
    ).rejects.toMatchObject({ code: 'pg-dump-too-old' });
  });

  test('refuses a configured program that is no pg_dump', async () => {
    const nativePath = await program('other', 'psql (PostgreSQL) 18.0');
    for (const path of [nativePath, join(folder, 'missing')]) {
      const choice = chooseSchemaDumper({ serverVersion: 150_000, nativePath: path });
      await expect(choice).rejects.toMatchObject({ code: 'pg-dump-missing' });
    }
  });

  test('finds pg_dump on PATH, and of several takes the oldest that will do', async () => {
    const folders = [];
    for (const major of [98, 97, 99]) {
      const path = await mkdtemp(join(folder, 'bin-'));
      await writeFile(join(path, 'pg_dump'), `#!/bin/sh\necho 'pg_dump (PostgreSQL) ${major}beta1'\n`, {
        mode: 0o755,
      });
      folders.push(path);
    }
    vi.stubEnv('PATH', ['', join(folder, 'nowhere'), ...folders].join(':'));
    const found = await findPgDumps();
    expect(found.filter(({ major }) => major > 90)).toHaveLength(3);
    expect(await chooseSchemaDumper({ serverVersion: 960_000 })).toMatchObject({ kind: 'native', major: 97 });
  });
});
