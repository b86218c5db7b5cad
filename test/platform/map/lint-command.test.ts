import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import MapLint from '../../../src/commands/map/lint.ts';
import { withConnection } from '../../../src/lib/base/postgres.ts';
import { projectRoot } from '../../support/cli.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { platformMap, platformSql } from './fixture.ts';

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

async function lint(...argv: readonly string[]): Promise<Outcome> {
  const out = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      out[name] += String(chunk);
      return true;
    }),
  );
  process.exitCode = 0;
  try {
    await MapLint.run([...argv], { root: projectRoot });
    return { ...out, code: process.exitCode };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = 0;
  }
}

describe('map lint', () => {
  let folder: string;
  let database: TestDatabase;
  let good: string;
  let bad: string;
  beforeAll(async () => {
    database = await testDatabase();
    await withConnection({ url: database.url, role: 'test' }, (client) => client.query(platformSql));
    folder = await mkdtemp(join(tmpdir(), 'postern-lint-'));
    good = join(folder, 'good.yaml');
    bad = join(folder, 'bad.yaml');
    await writeFile(good, platformMap);
    await writeFile(
      bad,
      platformMap.replace('[tenant_id, email]', '[email]').replace('category: user.name', 'category: TODO'),
    );
    await writeFile(
      join(folder, 'postern.yaml'),
      'version: 1\nprofiles: {test: {platform: {url: "${env:PLATFORM_URL}", map: good.yaml}}}\n',
    );
    vi.stubEnv('PLATFORM_URL', database.url);
    vi.stubEnv('POSTERN_CONFIG', join(folder, 'postern.yaml'));
  });
  afterEach(() => vi.stubEnv('PLATFORM_URL', database.url));
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
    await database?.drop();
  });

  it('ends with 0 and says so on stderr when there is nothing to report', async () => {
    expect(await lint()).toEqual({ stdout: '', stderr: 'nothing to report\n', code: 0 });
  });

  it('ends with 3 and one line for each finding, with its place', async () => {
    const { stdout, stderr, code } = await lint(bad);
    expect(code).toBe(3);
    expect(stderr).toBe('');
    const line = platformMap.split('\n').findIndex((text) => text.includes('[tenant_id, email]')) + 1;
    expect(stdout).toContain(`${bad}:${line}:18  MAP04  error`);
    expect(stdout).toMatch(/MAP11 {2}error {5}category is still TODO/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(3);
  });

  it('needs neither a configuration nor a database with --offline', async () => {
    vi.stubEnv('PLATFORM_URL', 'postgresql://127.0.0.1:1/none');
    const { stdout, code } = await lint(bad, '--offline', '--config', '/nonexistent/postern.yaml');
    expect(code).toBe(3);
    expect(stdout).toContain('MAP11');
    expect(stdout).not.toContain('MAP04');
  });

  it('gives the same as JSON, in the shape that it publishes', async () => {
    const { stdout, code } = await lint(bad, '--json');
    const envelope = JSON.parse(stdout);
    expect(code).toBe(3);
    expect(envelope).toMatchObject({ ok: false, result: { file: bad, database: database.name, tables: 9 } });
    const result = (await MapLint.result()).parse(envelope.result);
    expect(result.findings.map(({ rule, path }) => [rule, path])).toEqual([
      ['MAP04', 'tables."public.contacts".primary_key'],
      ['MAP11', 'tables."public.accounts".fields.name.category'],
    ]);
    const quiet = await lint('--json', '--offline');
    expect(JSON.parse(quiet.stdout)).toMatchObject({ ok: true, result: { database: null, findings: [] } });
  });

  it('ends with 2 for a map that is none, and with 1 when the database cannot be reached', async () => {
    const missing = await lint(join(folder, 'missing.yaml'), '--offline');
    expect(missing).toMatchObject({ stdout: '', code: 2 });
    expect(missing.stderr).toMatch(/^postern: error: the data map .*missing\.yaml cannot be read/);
    vi.stubEnv('PLATFORM_URL', 'postgresql://who:secret-word@127.0.0.1:1/none');
    const unreachable = await lint(good);
    expect(unreachable).toMatchObject({ stdout: '', code: 1 });
    expect(unreachable.stderr).toContain('cannot be reached');
    expect(unreachable.stderr).not.toContain('secret-word');
  });
});
