import { chmod, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeKey } from '../../src/lib/crypto/openpgp-key-description.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

/** One story in its order: two sets, each opened by both recipients; then one recipient leaves the configuration. */
let world: CliWorld;
let setIds: readonly string[];
let fingerprint: string;
let signer: string;
let subkey: string;

beforeAll(async () => {
  world = await preparedWorld();
  for (let runs = 0; runs < 2; runs += 1) await world.must('backup', 'run');
  setIds = (await tell('backup list')).sets.map(({ setId }: { readonly setId: string }) => setId).toSorted();
  await world.must(...'backup keys init --directory next --email a@example.org --no-passphrase'.split(' '));
  const operations = await key('operations');
  ({ fingerprint } = operations);
  signer = (await key('signer')).fingerprint;
  subkey = operations.encryptionKeys[0]?.keyId ?? '';
}, 60_000);
afterAll(() => world?.close());

const key = async (name: string, folder = 'keys') =>
  describeKey(await readFile(join(world.folder, `${folder}/backup-${name}.pub.asc`), 'utf8'), new Date());

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(command: string, argv: readonly string[] = [], code = 0): Promise<any> {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  expect(run, `${command}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson(command, run);
  return json.error ?? json.result;
}

async function changeProfile(change: (profile: Record<string, never>) => void): Promise<void> {
  const file = join(world.folder, 'postern.yaml');
  const config = parse(await readFile(file, 'utf8'));
  change(config.profiles.test);
  await writeFile(file, stringify(config, { aliasDuplicateObjects: false }));
}

interface Told {
  readonly steps: readonly { readonly action: string; readonly command: readonly string[] | null }[];
}
const commands = ({ steps }: Told) => steps.flatMap(({ command }) => command?.join(' ') ?? []);
const actions = ({ steps }: Told) => steps.map(({ action }) => action).join('\n');

test('every set that a recipient opens counts, though another one opens it as well', async () => {
  const found = await tell('key compromise', [fingerprint.slice(-16)]);
  const until = expect.stringMatching(/^\d{4}-/);
  expect(found.backups).toEqual({ needs: ['opens 2 backup sets'], setId: setIds[1], setIds, until });
  expect(actions(found)).toMatch(/72 hours[^\n]*opens all that is in 2 backup sets\n[^]*reading rights/);
  expect(commands(found)).toContain('backup prune --keep-last N --plan-only');
  expect(await tell('key compromise', [subkey])).toMatchObject({ key: { id: found.key.id } });

  await changeProfile((profile) => Object.assign(profile['backup'] ?? {}, { prune: { keep_daily: 7 } }));
  const { stdout } = await world.must('key', 'compromise', fingerprint);
  expect(stdout).toContain(`  backups: opens 2 backup sets; the newest is ${setIds[1]}\n`);
  expect(stdout).toContain('     postern backup prune --plan-only\n');
});

test('a signer is told the sets that it signed', async () => {
  const found = await tell('key compromise', [signer]);
  expect(found.backups).toMatchObject({ needs: ['signed 2 backup sets'], setIds });
  expect(actions(found)).toContain('decide about 2 backup sets that it signed');
  expect(actions(found)).not.toContain('72 hours');
  expect((await world.must('key', 'compromise', signer)).stdout).toContain(`  signed: ${setIds[0]}\n`);
});

test('a recipient that the configuration no longer names is found by the sets that it opens', async () => {
  await changeProfile((profile) =>
    Object.assign(profile['backup'] ?? {}, {
      recipients: ['next/backup-operations.pub.asc', 'keys/backup-offline.pub.asc'],
    }),
  );
  for (const asked of [fingerprint, fingerprint.slice(-16), `openpgp-recipient:${fingerprint}`]) {
    const found = await tell('key compromise', [asked]);
    expect(found.key).toMatchObject({ id: `openpgp-recipient:${fingerprint}`, kind: 'openpgp-recipient' });
    expect(found.backups.setIds).toEqual(setIds);
    expect(actions(found)).toContain('72 hours');
    expect(commands(found)).toEqual(['backup prune --plan-only']);
  }
  expect((await tell('key compromise', [subkey])).backups.setIds).toEqual(setIds);
  expect(await tell('key compromise', ['0123456789ABCDEF'], 2)).toMatchObject({ code: 'key-unknown' });
});

test('sets that cannot be asked are told, and it ends with 4', async () => {
  const notAsked = await tell('key compromise', [signer, '--no-ask-stores'], 4);
  expect(notAsked.unasked).toEqual([{ source: 'the backup stores', reason: '--no-ask-stores was given' }]);
  expect(actions(notAsked)).toContain('decide about at least 0 backup sets');

  const folder = join(world.folder, 'offsite');
  await rename(folder, `${folder}.away`);
  try {
    const away = await tell('key compromise', ['0123456789ABCDEF'], 6);
    expect(away).toMatchObject({ code: 'key-not-found-now' });
    expect((await tell('key compromise', [signer], 4)).unasked).not.toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rename(`${folder}.away`, folder);
  }

  const next = (await key('operations', 'next')).fingerprint;
  expect(await tell('key compromise', [next])).toMatchObject({ backups: { setIds: [] }, unasked: [] });
  const files = await readdir(folder, { recursive: true });
  const [manifest = ''] = files.filter(
    (name) => name.includes(setIds[0] ?? '') && name.endsWith('manifest.json.pgp'),
  );
  await chmod(join(folder, manifest), 0o600);
  await writeFile(join(folder, manifest), 'nothing');
  const unknown = await tell('key compromise', [next], 4);
  expect(unknown.unasked).toMatchObject([{ source: `the backup set ${setIds[0]}` }]);
  expect(actions(unknown)).toContain('72 hours');
  expect((await tell('key compromise', [fingerprint])).backups.setIds).toEqual(setIds);
});
