import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliResult, runCli } from '../support/cli.ts';
import { type HmacWorld, hmacMapText, hmacWorld } from '../support/hmac-world.ts';
import { checkedJson } from './checked-json.ts';

let world: HmacWorld;
let folder: string;

beforeAll(async () => {
  world = await hmacWorld({ rows: 10 });
  folder = await mkdtemp(join(tmpdir(), 'postern-cli-hmac-'));
  const [platformUrl = '', stateUrl = '', kmsPath = '', passphrase = ''] = world.childArguments;
  await writeFile(join(folder, 'map.yaml'), hmacMapText);
  const secrets = { platform: platformUrl, state: stateUrl, kms: passphrase };
  for (const [name, text] of Object.entries(secrets)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  await writeFile(
    join(folder, 'postern.yaml'),
    `version: 1
profiles:
  test:
    platform: {url: "\${file:platform}", write_url: "\${file:platform}", map: map.yaml}
    state: {url: "\${file:state}"}
    kms: {adapter: local, path: ${kmsPath}, passphrase: "\${file:kms}"}
`,
  );
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

function postern(...argv: readonly string[]): Promise<CliResult> {
  return runCli(argv, {
    cwd: folder,
    env: { POSTERN_CONFIG: join(folder, 'postern.yaml'), POSTERN_PROFILE: 'test' },
  });
}

const rotate = (...argv: readonly string[]) =>
  postern('key', 'rotate', 'hmac', '--writer-cache', '0', ...argv);

test('an HMAC key is rotated by a plan, applied by its id, told by the register, and finished after the window', {
  timeout: 120_000,
}, async () => {
  const dry = await rotate('--dry-run', '--json');
  expect((await checkedJson('key rotate hmac', dry)).result).toMatchObject({
    mode: 'new',
    version: 1,
    nextVersion: 2,
    outcome: 'not stored',
    forecast: { values: 22, newKeys: 1 },
    actual: null,
  });
  const planned = await rotate('--plan-only', '--json');
  const { result } = await checkedJson('key rotate hmac', planned);
  expect((await postern('plan', 'apply', result.planId, '--yes')).code).toBe(0);
  expect(await world.wrong()).toEqual([]);

  const listed = await postern('key', 'list', '--kind', 'hmac', '--census', '--json');
  expect((await checkedJson('key list', listed)).result.keys).toMatchObject([
    { name: 'app.index_key', state: 'active', version: '2', values: 22, verdict: 'fine' },
    {
      state: 'decrypt-only',
      version: '1',
      values: 22,
      verdict: 'due',
      next: { action: 'finish the rotation' },
    },
  ]);

  const again = await rotate('--json');
  expect((await checkedJson('key rotate hmac', again)).error).toMatchObject({
    code: 'hmac-unfinished',
    exitCode: 6,
  });
  const early = await rotate('--finish');
  expect(early.code).toBe(6);
  expect(early.stderr).toContain('the window ends at');
  const done = await rotate('app.index_key', '--finish', '--window', '0', '--yes');
  expect(done.code).toBe(0);
  expect(done.stdout).toContain('22 hashes removed, 1 version drained; 0 late');
  const nothing = await rotate('--finish', '--window', '0', '--json');
  expect((await checkedJson('key rotate hmac', nothing)).result).toMatchObject({ outcome: 'nothing to do' });

  const repaired = await rotate('--active-key', '--yes', '--json');
  expect((await checkedJson('key rotate hmac', repaired)).result).toMatchObject({
    mode: 'active',
    outcome: 'applied',
    nextVersion: null,
    actual: { values: 0, late: 0 },
  });
  const census = await postern('key', 'census', '--declared-only');
  expect(census.code).toBe(0);
  expect(census.stdout).toMatch(/app\.account\.email_even\s+10\s+320\s+1\s+active/);

  const wrong = await rotate('app.key', '--json');
  expect(wrong.json().error).toMatchObject({ code: 'keyring-without-hashes', exitCode: 2 });
  expect(wrong.json().error?.hints).toEqual(['keyed hashes are under app.index_key']);
});
