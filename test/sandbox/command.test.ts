import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import {
  sandboxDownResult,
  sandboxResetResult,
  sandboxStatusResult,
  sandboxUpResult,
  sandboxUrlResult,
} from '../../src/lib/sandbox/result.ts';
import { type CliResult, runCli } from '../support/cli.ts';

let home: string;
const cli = (...argv: string[]): Promise<CliResult> =>
  runCli(['sandbox', ...argv], { env: { POSTERN_SANDBOX_HOME: home } });

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'postern-sandbox-cli-'));
  await promisify(execFile)('chmod', ['755', home]);
});
afterAll(async () => {
  await cli('down');
  await rm(home, { recursive: true, force: true });
});

test('before up there is nothing: status says so, url refuses, down and reset have nothing to do', async () => {
  expect((await cli('status')).stdout).toBe('sandbox default: absent\n');
  const url = await cli('url');
  expect(url).toMatchObject({ code: 6, stdout: '' });
  expect(url.stderr).toContain('hint: start it with `postern sandbox up`');
  expect((await cli('down')).stdout).toBe('sandbox default: was not running\n');
  expect((await cli('reset')).stdout).toBe('sandbox default: there is none\n');
});

test('a bad scale, name or port is a usage error that makes nothing', async () => {
  for (const argv of [
    ['--scale', '5'],
    ['--name', '../x'],
    ['--port', '0'],
    ['--seed', '-1'],
  ]) {
    expect((await cli('up', ...argv)).code).toBe(2);
  }
  expect((await cli('status')).stdout).toContain('absent');
});

test('up, status, url, down and reset do what they say, under --json too', async () => {
  const up = await cli('up', '--seed', '3', '--json');
  expect(up.stderr).toBe('');
  expect(sandboxUpResult.parse(up.json().result)).toMatchObject({
    outcome: 'created',
    seed: 3,
    messages: 1_000,
  });
  expect(sandboxStatusResult.parse((await cli('status', '--json')).json().result).state).toBe('up');

  expect((await cli('url', '--role', 'writer')).stdout).toContain('//postern_writer:');
  const url = await cli('url', '--role', 'platform');
  const count = await withConnection({ url: url.stdout.trim(), role: 'sandbox' }, (client) =>
    client.query('SELECT FROM mail.messages'),
  );
  expect(count.rowCount).toBe(1_000);
  const asJson = await cli('url', '--json');
  expect(sandboxUrlResult.parse(asJson.json().result).url).toContain('***');
  expect(asJson.stdout).not.toContain(new URL(url.stdout.trim()).password);

  expect(await cli('up')).toMatchObject({ code: 0, stdout: expect.stringContaining('up already') as string });
  expect(await cli('up', '--scale', '2k')).toMatchObject({ code: 2 });
  expect(sandboxDownResult.parse((await cli('down', '--json')).json().result).stopped).toBe(true);

  expect(await cli('reset')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--confirm default') as string,
  });
  expect(await cli('reset', '--confirm', 'other')).toMatchObject({ code: 6 });
  expect((await cli('reset', '--dry-run')).stdout).toContain('would remove');
  expect((await cli('status')).stdout).toContain('stopped');
  expect(
    sandboxResetResult.parse((await cli('reset', '--confirm', 'default', '--json')).json().result).removed,
  ).toBe(true);
  expect((await cli('status')).stdout).toBe('sandbox default: absent\n');
});
