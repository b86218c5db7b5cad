import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AdoptWorld, adoptMapText, adoptWorld } from '../support/adopt-world.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';

let world: AdoptWorld;
let folder: string;

beforeAll(async () => {
  world = await adoptWorld({ rows: 10 });
  await world.platform.query(
    `create extension pgcrypto schema public;
     update app.account set legacy_pgp = public.pgp_sym_encrypt(legacy, 'correct horse')`,
  );
  folder = await mkdtemp(join(tmpdir(), 'postern-cli-adopt-'));
  const [platformUrl = '', stateUrl = '', kmsPath = '', passphrase = ''] = world.childArguments;
  await writeFile(join(folder, 'map.yaml'), adoptMapText('from: legacy_pgp, from_format: pgcrypto'));
  const secrets = { platform: platformUrl, state: stateUrl, kms: passphrase, horse: 'correct horse' };
  for (const [name, text] of Object.entries(secrets)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  const profile = `
    platform: {url: "\${file:platform}", write_url: "\${file:platform}", map: map.yaml}
    state: {url: "\${file:state}"}
    kms: {adapter: local, path: ${kmsPath}, passphrase: "\${file:kms}"}`;
  await writeFile(
    join(folder, 'postern.yaml'),
    `version: 1
profiles:
  without:${profile}
  test:${profile}
    keys: {pgcrypto: {app.account.legacy_pgp: "\${file:horse}"}}
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

const column = 'app.account.legacy_pgp';

test('a column of pgcrypto is adopted by a plan, applied by its id, compared, and emptied after a typed name', async () => {
  const missing = await postern('key', 'adopt', column, '--profile', 'without', '--json');
  expect(missing.code).toBe(2);
  expect(missing.json().error).toMatchObject({
    code: 'not-configured',
    message: `the profile without has no keys.pgcrypto for ${column}`,
  });

  const planned = await postern('key', 'adopt', column, '--plan-only', '--json');
  const { result } = await checkedJson('key adopt', planned);
  expect(result).toMatchObject({ outcome: 'planned', forecast: { values: 10, compared: 0 }, actual: null });
  expect((await postern('plan', 'apply', result.planId, '--yes')).code).toBe(0);
  expect(await world.readSealed()).toEqual(world.legacy);

  const again = await postern('key', 'adopt', column, '--yes', '--json');
  expect((await checkedJson('key adopt', again)).result).toMatchObject({
    outcome: 'applied',
    forecast: { values: 0, compared: 10 },
    actual: { values: 0 },
  });

  const early = await postern('key', 'adopt', column, '--finish');
  expect(early.code).toBe(6);
  expect(early.stderr).toContain('the window ends at');
  const unanswered = await postern('key', 'adopt', column, '--finish', '--window', '0', '--yes');
  expect(unanswered.code).toBe(2);
  expect(unanswered.stderr).toContain('--confirm');
  const database = new URL(world.platformUrl).pathname.slice(1);
  const done = await postern('key', 'adopt', column, '--finish', '--window', '0', '--confirm', database);
  expect(done.code).toBe(0);
  expect(done.stdout).toContain('10 values removed in clear');
  expect(done.stdout).toContain('VACUUM app.account');
  const { rows } = await world.platform.query('select count(legacy_pgp)::int as values from app.account');
  expect(rows).toEqual([{ values: 0 }]);
  expect(await world.readSealed()).toEqual(world.legacy);

  const nothing = await postern('key', 'adopt', column, '--json');
  expect((await checkedJson('key adopt', nothing)).result).toMatchObject({ outcome: 'nothing to do' });
  const wrong = await postern('key', 'adopt', 'account', '--json');
  expect(wrong.json().error).toMatchObject({ code: 'column-name', exitCode: 2 });
  const all = [planned, again, early, done].map(({ stdout, stderr }) => stdout + stderr).join('');
  expect(all).not.toContain('correct horse');
});
