import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { flipByte } from '../support/flip-byte.ts';
import { describeWith } from '../support/optional.ts';
import { testServer } from '../support/postgres.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld, start } from './cli-world.ts';

let world: CliWorld;
let scratch: string;
let set: string;

beforeAll(async () => {
  world = await preparedWorld();
  // The drill's folders, apart from those of others.
  scratch = await mkdtemp(join(tmpdir(), 'postern-drills-'));
  await promisify(execFile)('chmod', ['711', scratch]);
  process.env['TMPDIR'] = scratch;
  const file = join(world.folder, 'postern.yaml');
  const config = parse(await readFile(file, 'utf8'));
  config.profiles.test.backup.drill = {
    rto: '10m',
    smoke: {
      persons: { sql: 'select count(*) from public.person', expect: { equals: 2000 } },
      migrated: { source: 'state', sql: 'select count(*) from postern.schema_migration', expect: { min: 3 } },
    },
  };
  await world.file('postern.yaml', stringify(config));
  set = JSON.parse((await world.must('backup', 'run', '--json')).stdout).result.setId;
});
afterAll(async () => {
  delete process.env['TMPDIR'];
  await world?.close();
  await rm(scratch, { recursive: true, force: true });
});

const folders = async (): Promise<readonly string[]> =>
  (await readdir(scratch)).filter((name) => name.startsWith('postern-drill-'));

/** Processes that work in a folder below the scratch one: embedded servers. */
async function servers(): Promise<number> {
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    `for p in /proc/[0-9]*/cwd; do readlink "$p"; done 2> /dev/null | grep -c "^${scratch}/" || true`,
  ]);
  return Number(stdout.trim());
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await condition()); await delay(50))
    if (Date.now() > deadline) throw new Error('it never came to that');
}

test('a drill restores every database on a server of its own, reports, certifies, and is gone', async () => {
  const run = await world.run('backup', 'drill', '--report', 'drill.html', '--json');
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const { result } = await checkedJson('backup drill', run);
  expect(result).toMatchObject({
    setId: set,
    verdict: 'passed',
    server: { kind: 'embedded', version: expect.stringMatching(/^18\./) },
    rtoLimitSeconds: 600,
    sources: [{ name: 'platform', rows: 4000, schema: 'equal' }, { name: 'state' }],
    smoke: [
      { name: 'persons', passed: true },
      { name: 'migrated', passed: true },
    ],
    kept: [],
  });
  const page = await readFile(join(world.folder, 'drill.html'), 'utf8');
  expect(page).toContain(result.certificateId);
  expect(await folders()).toEqual([]);
  expect(await servers()).toBe(0);
});

describeWith(['openssl', 'jq'], 'the commands in docs/formats/certificate.md', () => {
  test('verify the certificate of a drill, and refuse a changed one', async () => {
    const { result } = JSON.parse((await world.must('certificate', 'list', '--json')).stdout);
    const { id } = result.certificates.find(({ predicateType }: { readonly predicateType: string }) =>
      predicateType.includes('backup-drill'),
    );
    const folder = await mkdtemp(join(scratch, 'verify-'));
    const { stdout: envelope } = await world.must('certificate', 'show', id, '--envelope');
    await writeFile(join(folder, 'certificate.json'), envelope);
    await copyFile(join(world.folder, 'keys/certificate-signing.pub.pem'), join(folder, 'signer.pub.pem'));
    const document = await readFile(new URL('../../docs/formats/certificate.md', import.meta.url), 'utf8');
    const [recipe = ''] = [...document.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block);
    const shown = await promisify(execFile)('/bin/sh', ['-c', recipe], { cwd: folder });
    expect(shown.stdout).toContain('urn:postern:predicate:backup-drill:v1');
    expect(shown.stdout).toContain(set);
    const question = /^jq [^\n]*payload\.json$/m.exec(
      document.slice(document.indexOf('### What a drill found')),
    )?.[0];
    const answer = await promisify(execFile)('/bin/sh', ['-c', question ?? 'false'], { cwd: folder });
    expect(answer.stdout).toMatch(/^passed\t2\d{7}T\d{6}Z-[0-9a-f]{8}\t[\d.]+\n$/);
    const changed = JSON.parse(envelope);
    const payload = Buffer.from(changed.payload, 'base64').toString().replace('"passed"', '"passeD"');
    changed.payload = Buffer.from(payload).toString('base64');
    await writeFile(join(folder, 'certificate.json'), JSON.stringify(changed));
    await expect(promisify(execFile)('/bin/sh', ['-c', recipe], { cwd: folder })).rejects.toMatchObject({
      code: 1,
    });
  });
});

test('a drill that is killed leaves neither server nor folder', async () => {
  for (const moment of ['folder', 'server'] as const) {
    const drill = start(['backup', 'drill'], world.folder);
    await until(async () => (moment === 'folder' ? (await folders()).length > 0 : (await servers()) > 0));
    drill.signal('SIGKILL');
    expect(await drill.ended).toBe('SIGKILL');
    await until(async () => (await folders()).length === 0 && (await servers()) === 0);
  }
});

test('Ctrl-C ends a drill with 130, and cleans up', async () => {
  const drill = start(['backup', 'drill'], world.folder);
  await until(async () => (await servers()) > 0);
  drill.signal('SIGINT');
  expect(await drill.ended).toBe(130);
  expect(await folders()).toEqual([]);
  expect(await servers()).toBe(0);
});

test('what is kept is told, survives the next drill, and goes by --cleanup', async () => {
  const { stdout } = await world.must('backup', 'drill', '--source', 'platform', '--keep');
  expect(stdout).toMatch(/^kept: server on 127\.0\.0\.1:\d+, login postgres with the password in /m);
  const [kept] = await folders();
  await world.must('backup', 'drill', '--source', 'platform');
  expect(await folders()).toEqual([kept]);
  expect((await world.must('backup', 'drill', '--cleanup')).stdout).toBe(
    `removed ${join(scratch, kept ?? '')}\n`,
  );
  expect(await folders()).toEqual([]);
  expect(await servers()).toBe(0);
});

test('on a given server, a killed drill is cleaned up by the next one', async () => {
  const { url } = await testServer();
  await world.file('secrets/drill-url', `${url}\n`);
  const server = ['--server', '${file:secrets/drill-url}'];
  const databases = () =>
    withConnection({ url, role: 'test' }, async (client) => {
      const { rows } = await client.query(
        `select datname from pg_database where datname ~ '^postern_drill_'`,
      );
      return rows.length;
    });
  const drill = start(['backup', 'drill', ...server], world.folder);
  await until(async () => (await databases()) > 0);
  drill.signal('SIGKILL');
  await drill.ended;
  expect(await databases()).toBeGreaterThan(0);
  // The server notices a moment later that nobody is there any more.
  await until(async () => {
    await world.must('backup', 'drill', '--cleanup', ...server);
    return (await databases()) === 0;
  });
  const run = await world.run('backup', 'drill', ...server, '--json');
  expect(JSON.parse(run.stdout).result).toMatchObject({ server: { kind: 'given' }, verdict: 'passed' });
  expect(await databases()).toBe(0);
});

test('findings end with 3, damage with 5, and a password on the command line with 2', async () => {
  const file = join(world.folder, 'postern.yaml');
  const config = await readFile(file, 'utf8');
  await world.file(
    'strict.yaml',
    config.replace('rto: 10m', 'rto: 1s').replace('equals: 2000', 'equals: 2001'),
  );
  const found = await world.run('backup', 'drill', '--config', 'strict.yaml', '--source', 'platform');
  expect(found.code).toBe(3);
  expect(found.stdout).toMatch(
    /^finding: the smoke query persons of platform did not pass: its value is another one/m,
  );
  expect((await world.run('backup', 'drill', '--server', 'postgresql://u:hunter2@h/d')).code).toBe(2);
  const part = join(world.folder, 'offsite/objects/backup/test');
  const { stdout } = await promisify(execFile)('find', [
    part,
    '-path',
    '*/platform/30-data/*',
    '-name',
    '*000001*',
    '-type',
    'f',
  ]);
  const [name = ''] = stdout.split('\n');
  await flipByte(name);
  const damaged = await world.run('backup', 'drill', '--source', 'platform', '--report', 'damaged.html');
  expect(damaged, damaged.stderr).toMatchObject({ code: 5 });
  expect(await readFile(join(world.folder, 'damaged.html'), 'utf8')).toContain(
    'The backup could not be restored.',
  );
  expect(await folders()).toEqual([]);
});
