import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runCli, runScript } from '../support/cli.ts';

const count = 3_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-pipe-'));
  const stores = Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`store-${n}`, { adapter: 'local', path: `/srv/store-${n}` }]),
  );
  await writeFile(
    join(folder, 'postern.yaml'),
    stringify({ version: 1, profiles: { large: { platform: { url: '${env:NONE}' }, stores } } }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const env = {
  ...process.env,
  NODE_ENV: 'production',
  POSTERN_SANDBOX_HOME: '/none',
  XDG_CONFIG_HOME: '/none',
};

test('an output larger than a pipe’s buffer arrives whole at a slow reader, as text and as JSON', async () => {
  for (const flags of ['', '--json']) {
    const command = `"${process.execPath}" "${runScript}" config show ${flags} | { sleep 0.4; cat; }`;
    const shell = spawn('/bin/sh', ['-c', command], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const chunks: Buffer[] = [];
    shell.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(shell, 'close');
    const text = Buffer.concat(chunks).toString();
    expect(text.length).toBeGreaterThan(2 * 65_536);
    if (flags === '') expect(text.trimEnd().endsWith(`path: /srv/store-${count - 1}`)).toBe(true);
    else expect(Object.keys(JSON.parse(text).result.settings.stores)).toHaveLength(count);
  }
});

test('a reader that has seen enough is no failure', async () => {
  for (const flags of [[], ['--json']]) {
    const child = spawn(process.execPath, [runScript, 'config', 'show', ...flags], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(stderr).toBe('');
  }
});

test('an exit code stays true when nobody reads: what was found is not hidden by `| head`', async () => {
  const child = spawn(process.execPath, [runScript, 'config', 'check'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  child.stderr.destroy();
  expect(await once(child, 'close')).toEqual([2, null]);
});

test.skipIf(process.platform !== 'linux')(
  'an output that cannot be written is one clear error with 1',
  async () => {
    const full = await open('/dev/full', 'w');
    const child = spawn(process.execPath, [runScript, 'config', 'show'], {
      cwd: folder,
      env,
      stdio: ['ignore', full.fd, 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    await full.close();
    expect(stderr).toMatch(/^postern: error: the output cannot be written: ENOSPC.*\n$/);
  },
);

test('results go to stdout, everything else to stderr, and --quiet silences that alone', async () => {
  const [check, quiet, init, quietInit] = [
    await runCli(['config', 'check'], { cwd: folder }),
    await runCli(['config', 'check', '--quiet'], { cwd: folder }),
    await runCli(['config', 'init', '--file', 'a.yaml'], { cwd: folder }),
    await runCli(['config', 'init', '--file', 'b.yaml', '-q'], { cwd: folder }),
  ];
  expect(check).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^where +problem\nplatform\.url +.*NONE/),
  });
  expect(quiet).toMatchObject({ code: 2, stderr: '', stdout: check?.stdout });
  expect(init).toMatchObject({ code: 0, stdout: `wrote ${join(folder, 'a.yaml')}\n` });
  expect(init?.stderr).toMatch(/^next: /);
  expect(quietInit).toMatchObject({ code: 0, stderr: '', stdout: `wrote ${join(folder, 'b.yaml')}\n` });
});

test('--verbose adds the trace of an error to stderr, and --quiet does not hide an error', async () => {
  const missing = ['config', 'show', '--config', 'missing.yaml'];
  const [verbose, quiet, json] = [
    await runCli([...missing, '--verbose'], { cwd: folder }),
    await runCli([...missing, '--quiet'], { cwd: folder }),
    await runCli([...missing, '--verbose', '--json'], { cwd: folder }),
  ];
  expect(verbose).toMatchObject({ code: 2, stdout: '' });
  expect(verbose?.stderr).toMatch(/^postern: error: .*missing\.yaml cannot be read: there is no such file\n/);
  expect(verbose?.stderr).toMatch(/PosternError: .*\n\s+at /);
  expect(verbose?.stderr).toContain('[cause]: Error: ENOENT');
  expect(quiet?.stderr).toMatch(/^postern: error: .*there is no such file\n$/);
  expect(json).toMatchObject({ code: 2, stderr: expect.stringContaining('[cause]') });
  expect(json?.json().error).toMatchObject({ code: 'config-missing', exitCode: 2 });
});
