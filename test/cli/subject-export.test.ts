import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Client, connect, withConnection } from '../../src/lib/base/postgres.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { openGpgHome } from '../crypto/gpg-home.ts';
import { describeWith } from '../support/optional.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld, start } from './cli-world.ts';

let world: CliWorld;

const map = `version: 1
subjects: {person: {identities: {name: {normalise: [lower]}, email: {}}}}
tables:
  public.person:
    primary_key: [id]
    ownership: exclusive
    legal_basis: contract
    fields: {name: {type: text, category: user.name, identity: person.name}}
    exports: {as: json}
  public.mail:
    primary_key: [id]
    ownership: exclusive
    legal_basis: contract
    references: [{column: person, to: public.person.id, kind: fk}]
    fields: {body: {type: text, category: user.content}}
    exports: {as: json}
  public.note:
    primary_key: [id]
    ownership: exclusive
    references: [{column: person, to: public.person.id, kind: fk}]
    fields:
      text: {type: text, category: user.content, review: staff wrote it}
      file: {object: {bucket: files, key: '{id}', format: binary}}
`;

beforeAll(async () => {
  world = await cliWorld();
  await withConnection({ url: world.platform.url, role: 'test' }, (client) =>
    client.query(`create table note (id bigint primary key, person bigint references person, text text);
      insert into note values (1, 8, 'STAFF-NOTE')`),
  );
  await world.file('map.yaml', map);
  const secret = (name: string) => `\${file:secrets/${name}}`;
  const profile = {
    platform: { url: secret('platform-url'), map: 'map.yaml' },
    state: { url: secret('state-url') },
    certificates: {
      signer: { key: 'keys/certificate-signing.pem' },
      trust: ['keys/certificate-signing.pub.pem'],
    },
  };
  const { state: _, ...unaudited } = profile;
  await world.file(
    'postern.yaml',
    stringify({ version: 1, default_profile: 'test', profiles: { test: profile, unaudited } }),
  );
  await world.must('state', 'migrate');
  await world.must('certificate', 'keys', 'init', '--directory', 'keys');
  await world.file('pass', 'gehéim\n');
});
afterAll(async () => {
  await world?.close();
});

const export_ = (...argv: readonly string[]) => world.run('subject', 'export', ...argv);
const tell = async (...argv: readonly string[]) =>
  checkedJson('subject export', await export_(...argv, '--json'));
const inFolder = async () => (await readdir(world.folder)).filter((name) => /zip|review|export/.test(name));

describeWith(['gpg', 'python3'], 'an export', ({ gpg, python3 }) => {
  const names = (zip: string) =>
    JSON.parse(
      execFileSync(python3, [
        '-c',
        'import sys, json, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(json.dumps({n: z.read(n).decode() for n in z.namelist()}))',
        zip,
      ]).toString(),
    ) as Record<string, string>;

  test('is opened by gpg with its passphrase, and its manifest is signed', async () => {
    const run = await export_(
      'person.name=Person 7',
      '--access',
      '--out',
      'seven.zip',
      '--passphrase-file',
      'pass',
    );
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stdout).toMatch(/public\.person +own +1 +0 +0\npublic\.mail +own +1 /);
    expect(run.stderr).toMatch(/seven\.zip\.gpg: \d+ files, .*, read back\n/);
    expect(run.stderr).toContain('as gpg --symmetric does');
    expect(run.stderr + run.stdout).not.toContain('Person 7');
    const file = join(world.folder, 'seven.zip.gpg');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const home = openGpgHome(gpg);
    const plain = await world.file('plain.zip', '');
    await writeFile(plain, home.must(['--decrypt'], await readFile(file), 'gehéim'));
    home.close();
    const files = names(plain);
    expect(JSON.parse(files['public.person/rows.json'] ?? '')).toEqual([{ id: 7, name: 'person 7' }]);
    await world.file('signed.json', files['manifest.dsse.json'] ?? '');
    const verified = await world.must('certificate', 'verify', 'signed.json', '--json');
    expect(verified.json().result).toMatchObject({
      subject: [{ name: 'manifest.json', digest: { sha256: sha256Hex(files['manifest.json'] ?? '') } }],
      predicateType: 'urn:postern:predicate:subject-export:v1',
    });
    // Nothing is written over.
    const again = await tell(
      'person.name=Person 7',
      '--access',
      '--out',
      'seven.zip',
      '--passphrase-file',
      'pass',
    );
    expect(again.error).toMatchObject({ code: 'out-exists', exitCode: 2 });
  });

  test('is for its recipient', async () => {
    const pair = await generateKeyPair({ name: 'Seven', email: 'seven@example.org', purpose: 'encrypt' });
    await world.file('seven.asc', pair.publicKey);
    const { result } = await tell(
      'person.name=person 9',
      '--portability',
      '--out',
      'nine.zip.gpg',
      '--recipient',
      'seven.asc',
    );
    expect(result).toMatchObject({
      verdict: 'complete',
      set: 'portability',
      encryptedFor: pair.fingerprint,
      tables: [
        { table: 'public.person', class: 'own', rows: 1, messages: 0, objects: 0 },
        { table: 'public.mail', rows: 1 },
      ],
      mentions: [],
      archives: [
        { file: join(world.folder, 'nine.zip.gpg'), certificateId: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ],
    });
    const home = openGpgHome(gpg);
    home.must(['--import'], pair.secretKey);
    await world.file('nine.zip', '');
    await writeFile(
      join(world.folder, 'nine.zip'),
      home.must(['--decrypt', join(world.folder, 'nine.zip.gpg')]),
    );
    home.close();
    expect(names(join(world.folder, 'nine.zip'))['public.mail/rows.json']).toContain('line 9');
  });

  test('waits for decisions with 3, and says with 4 what could not be had', async () => {
    const first = await tell('person.name=person 8', '--access', '--out', 'eight.zip', '--no-passphrase');
    expect(first).toMatchObject({
      ok: false,
      warnings: [expect.stringContaining('public.note: 1 not exported: no store')],
    });
    expect(first.result).toMatchObject({
      verdict: 'incomplete',
      encryptedFor: null,
      review: { open: 1, file: join(world.folder, 'eight.review.json'), unused: 0 },
      masked: [{ kind: 'internal-note', count: 1 }],
      missing: [{ table: 'public.note', why: 'no-store', count: 1 }],
    });
    expect(names(join(world.folder, 'eight.zip'))['public.note/rows.json']).not.toContain('STAFF');
    await world.file('map.yaml', map.replace(/ +file: .*\n/, ''));
    const open = await export_('person.name=person 8', '--access', '--out', 'open.zip', '--no-passphrase');
    expect(open).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/in clear: .*\n.*\n?.*1 item of these wait/),
    });
    const review = join(world.folder, 'open.review.json');
    const text = (await readFile(review, 'utf8')).replace('"decision": null', '"decision": "disclose"');
    await writeFile(review, text);
    const unreasoned = await tell(
      'person.name=person 8',
      '--access',
      '--out',
      'final.zip',
      '--no-passphrase',
      '--review',
      review,
    );
    expect(unreasoned.error).toMatchObject({ code: 'review-reason-missing' });
    await writeFile(review, text.replace('"reason": null', '"reason": "about her alone"'));
    const done = await tell(
      'person.name=person 8',
      '--access',
      '--out',
      'final.zip',
      '--no-passphrase',
      '--review',
      review,
    );
    expect(done).toMatchObject({
      ok: true,
      result: { verdict: 'complete', disclosed: 1, review: { open: 0, file: null } },
    });
    expect(names(join(world.folder, 'final.zip'))['public.note/rows.json']).toContain('STAFF-NOTE');
    const other = await tell(
      'person.name=person 9',
      '--access',
      '--out',
      'other.zip',
      '--no-passphrase',
      '--review',
      review,
    );
    expect(other.warnings).toEqual([
      expect.stringContaining('1 decision of the review file matched nothing'),
    ]);
    await world.file('map.yaml', map);
  });
});

test('bad input is refused before anything is written', async () => {
  const before = await inFolder();
  const code = async (...argv: readonly string[]) => {
    const json = await tell(...argv);
    return [json.error?.exitCode, json.error?.code];
  };
  const me = 'person.name=person 7';
  const clear = ['--no-passphrase'];
  expect(await code(me, '--access', '--out', 'x.zip')).toEqual([2, 'needs-answer']);
  expect(await code(me, '--access', '--out', 'x.tar', ...clear)).toEqual([2, 'out-invalid']);
  expect(await code(me, '--access', '--out', 'none/x.zip', ...clear)).toEqual([2, 'out-invalid']);
  expect(await code(me, '--access', '--out', 'x.zip', '--split', '3 apples', ...clear)).toEqual([
    2,
    'size-invalid',
  ]);
  expect(await code(me, '--access', '--out', 'x.zip', '--split', '1kB', ...clear)).toEqual([
    2,
    'size-invalid',
  ]);
  expect(await code(me, '--access', '--out', 'x.zip', '--recipient', 'none.asc')).toEqual([
    2,
    'file-unreadable',
  ]);
  expect(await code(me, '--access', '--out', 'x.zip', '--recipient', 'pass')).toEqual([
    2,
    'recipient-not-a-key',
  ]);
  expect(await code(me, '--access', '--out', 'x.zip', '--disclose-bcc', ' ', ...clear)).toEqual([
    2,
    'reason-missing',
  ]);
  expect(await code(me, '--access', '--out', 'x.zip', '--review', 'map.yaml', ...clear)).toEqual([
    2,
    'review-invalid',
  ]);
  expect(await code('person.name=nobody', '--access', '--out', 'x.zip', ...clear)).toEqual([
    1,
    'nobody-found',
  ]);
  expect(await code('person 7', '--access', '--out', 'x.zip', ...clear)).toEqual([2, 'address-invalid']);
  expect(await code(me, '--access', '--out', 'x.zip', '--profile', 'unaudited', ...clear)).toEqual([
    2,
    'not-configured',
  ]);
  expect((await export_(me, '--out', 'x.zip', ...clear)).code).toBe(2);
  expect((await export_(me, '--access', '--portability', '--out', 'x.zip', ...clear)).code).toBe(2);
  await withConnection({ url: world.platform.url, role: 'test' }, async (client) => {
    await client.query(`insert into person (name) values ('Person 7')`);
    expect(await code(me, '--access', '--out', 'x.zip', ...clear)).toEqual([6, 'subject-ambiguous']);
    expect(await code(me, '--access', '--shared', me, '--out', 'x.zip', ...clear)).toEqual([
      2,
      'name-shared',
    ]);
    const said = await tell(me, '--access', '--one-person', '--out', 'x.zip', ...clear);
    expect(said.result.tables).toContainEqual(expect.objectContaining({ table: 'public.person', rows: 2 }));
    await rm(join(world.folder, 'x.zip'));
    await client.query(`delete from person where name = 'Person 7'`);
  });
  expect(await inFolder()).toEqual(before);
});

test('answers a request of its kind, once it is known who asks', async () => {
  await world.must('request', 'open', '--kind', 'access', '--reference', 'T-1', '--received', '2026-11-01');
  const argv = ['person.name=person 11', '--no-passphrase', '--out', 'asked.zip', '--request'];
  expect((await tell(...argv, '2', '--access')).error).toMatchObject({ code: 'request-unknown' });
  expect((await tell(...argv, '1', '--portability')).error).toMatchObject({ code: 'request-other' });
  expect((await tell(...argv, '1', '--access')).error).toMatchObject({
    code: 'requester-not-verified',
    exitCode: 6,
  });
  await world.must('request', 'verify', '1', '--how', 'by phone');
  expect((await tell(...argv, '1', '--access')).result).toMatchObject({ verdict: 'complete', request: 1 });
  await world.must('request', 'close', '1', '--outcome', 'fulfilled');
  expect((await tell(...argv.with(3, 'late.zip'), '1', '--access')).error).toMatchObject({
    code: 'request-closed',
  });

  const { entries } = (await world.must('audit', 'log', '--json')).json().result as {
    entries: {
      body: { action: string; event: string; target?: string; detail: Record<string, unknown> } | null;
    }[];
  };
  const told = entries
    .flatMap(({ body }) => body ?? [])
    .filter(({ action, target }) => action === 'subject.export' && target === 'T-1');
  expect(told.map(({ event }) => event).toSorted()).toEqual(['done', 'intent']);
  expect(told.find(({ event }) => event === 'done')?.detail).toMatchObject({
    rows: 2,
    names: 1,
    masked: 0,
    missing: 0,
  });
  // Of all that was exported, nothing is on the log.
  expect(JSON.stringify(entries).toLowerCase()).not.toMatch(/person \d|staff-note/);
});

test('leaves nothing when it is stopped, and what a killed one left goes with the next', async () => {
  const before = await inFolder();
  const locked: Client = await connect({ url: world.platform.url, role: 'test' });
  const argv = [
    'subject',
    'export',
    'person.name=person 12',
    '--access',
    '--out',
    'stopped.zip',
    '--verbose',
  ];
  const waiting = async () => {
    await locked.query('begin; lock table mail in access exclusive mode');
    const run = start([...argv, '--passphrase-file', 'pass'], world.folder);
    await run.says('public.mail');
    return run;
  };
  const stopped = await waiting();
  expect(await inFolder()).not.toEqual(before);
  stopped.signal('SIGINT');
  expect(await stopped.ended).toBe(130);
  expect(await inFolder()).toEqual(before);
  await locked.query('rollback');

  const killed = await waiting();
  killed.signal('SIGKILL');
  await killed.ended;
  const left = (await readdir(world.folder)).filter((name) => name.startsWith('.postern-export-'));
  expect(left).toHaveLength(1);
  await locked.query('rollback');
  await locked.end();
  const next = await world.run(...argv, '--passphrase-file', 'pass');
  expect(next, next.stderr).toMatchObject({ code: 0 });
  expect((await readdir(world.folder)).filter((name) => name.startsWith('.'))).toEqual([]);
});
