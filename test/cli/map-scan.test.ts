import { access, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { readDataMap } from '../../src/lib/platform/map/index.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { checkedJson } from './checked-json.ts';

const canary = 'kanarienvogel';
let platform: TestDatabase;
let folder: string;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(`
    create table customer (id int primary key, mail text);
    create table letter (id int primary key, customer_id int not null references customer on delete cascade, raw bytea, size int);
    insert into customer select n, '${canary}' || n || '@example.org' from generate_series(1, 30) n;
    insert into letter select n, n, convert_to('To: ${canary}@example.org' || chr(10) || 'Subject: x' || chr(10), 'UTF8'), 1 from generate_series(1, 30) n;
    create schema extra; create table extra.note (id int primary key, memo text);
  `);
  folder = await mkdtemp(join(tmpdir(), 'postern-map-scan-'));
  await mkdir(join(folder, 'secrets'));
  await writeFile(join(folder, 'secrets', 'url'), platform.url, { mode: 0o600 });
  await configure();
});
afterAll(async () => {
  await platform?.drop();
  await rm(folder, { recursive: true, force: true });
});

const configure = (): Promise<void> =>
  writeFile(
    join(folder, 'postern.yaml'),
    `version: 1\nprofiles:\n  test:\n    platform: {url: "\${file:secrets/url}", map: postern.map.yaml}\n`,
  );
const sql = (text: string): Promise<unknown> =>
  withConnection({ url: platform.url, role: 'test' }, (client) => client.query(text));

/** Whatever a command writes, no value of the database is in it. */
async function postern(...argv: readonly string[]): Promise<CliResult> {
  const run = await runCli(argv, { cwd: folder, env: { POSTERN_CONFIG: join(folder, 'postern.yaml') } });
  expect(`${run.stdout}${run.stderr}`).not.toContain(canary);
  return run;
}

test('a draft goes to stdout, and what is to be said about it to stderr', async () => {
  const { stdout, stderr, code } = await postern('map', 'scan');
  expect(code).toBe(0);
  expect(stderr).toMatch(/^3 tables, 8 columns, \d+ TODO\n$/);
  const { map } = await readDataMap(stdout, 'stdout');
  expect(map.tables['public.letter']).toMatchObject({
    primary_key: ['id'],
    references: [{ column: 'customer_id', to: 'public.customer.id', kind: 'fk', on_delete: 'cascade' }],
    fields: { raw: { parser: 'rfc5322' } },
    non_personal: ['size'],
  });
  expect(await postern('map', 'scan', '--quiet')).toMatchObject({ stdout, stderr: '', code: 0 });
  expect((await postern('map', 'scan', '--verbose')).stderr).toContain('look into public.letter\n');
});

test('a draft goes into a file that was not there, and never over one that was', async () => {
  const done = await postern('map', 'scan', '--output', 'postern.map.yaml');
  expect(done).toMatchObject({ code: 0, stdout: '' });
  const file = join(folder, 'postern.map.yaml');
  expect((await stat(file)).mode & 0o777).toBe(0o644 & ~process.umask());
  const lint = await postern('map', 'lint', '--json');
  expect(lint.code).toBe(3);
  const { result } = await checkedJson('map lint', lint);
  expect([...new Set(result.findings.map(({ rule }: { readonly rule: string }) => rule))]).toEqual(['MAP11']);

  await writeFile(file, 'a person wrote this');
  const again = await postern('map', 'scan', '--output', 'postern.map.yaml', '--json');
  expect(again.code).toBe(2);
  const { error } = await checkedJson('map scan', again);
  expect(error).toMatchObject({ code: 'file-exists', hints: [expect.stringContaining('name another file')] });
  expect(await readFile(file, 'utf8')).toBe('a person wrote this');
  const nowhere = await postern('map', 'scan', '--output', 'postern.yaml/draft.yaml');
  expect(nowhere).toMatchObject({ code: 2, stdout: '' });
  await rm(file);
});

test('the findings are data under --json', async () => {
  const run = await postern('map', 'scan', '--json', '--schema', 'public');
  expect(run.code).toBe(0);
  const { result } = await checkedJson('map scan', run);
  expect(result).toMatchObject({
    database: platform.name,
    file: null,
    tables: 2,
    columns: 6,
    flaws: [],
    unseen: [],
  });
  expect(result.proposals).toContainEqual({
    table: 'public.customer',
    column: 'mail',
    path: null,
    what: 'personal',
    value: 'user.contact.email',
    reason: 'addresses in 30 of 30 values read, in clear, each the whole of it',
    confidence: 'high',
  });
  const { map } = await readDataMap(result.draft, 'draft');
  expect(map.ignore).toEqual([{ schema: 'extra', reason: 'TODO' }]);
  const filed = await checkedJson(
    'map scan',
    await postern('map', 'scan', '--json', '--output', 'other.yaml'),
  );
  expect(filed.result).toMatchObject({ draft: null, file: join(folder, 'other.yaml') });
  await access(filed.result.file);
});

test('wrong flags are told with 2, before the database is asked', async () => {
  for (const [argv, says] of [
    [['--sample', '0'], 'sample'],
    [['--sample', '5', '--no-sample'], 'no-sample'],
    [['--schema', 'nowhere'], 'the database has no schema "nowhere"'],
  ] as const) {
    const run = await postern('map', 'scan', ...argv);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(says);
  }
});

const goodMap = `version: 1
subjects: {person: {identities: {email: {}}}}
tables:
  public.customer:
    primary_key: [id]
    ownership: exclusive
    legal_basis: contract
    retention: {keep: until-termination}
    fields: {mail: {type: text, category: user.contact.email, identity: person.email}}
  public.letter:
    primary_key: [id]
    ownership: exclusive
    legal_basis: contract
    retention: {keep: until-termination}
    references: [{column: customer_id, to: public.customer.id, kind: fk, on_delete: cascade}]
    fields: {raw: {type: bytea, parser: rfc5322}}
    non_personal: [size]
ignore: [{schema: extra, reason: nothing personal}]
`;

test('a map that fits its database is clean, and drift is found with 3', async () => {
  await writeFile(join(folder, 'postern.map.yaml'), goodMap);
  const metrics = join(folder, 'map.prom');
  const clean = await postern('map', 'check', '--prometheus', metrics, '--job', 'map-check');
  expect(clean).toEqual(expect.objectContaining({ stdout: '', stderr: 'nothing to report\n', code: 0 }));
  expect(await readFile(metrics, 'utf8')).toMatch(
    /^postern_map_check_findings\{profile="test",job="map-check"\} 0$/m,
  );

  await sql(`
    alter table letter add column note text;
    alter table letter drop constraint letter_customer_id_fkey, add foreign key (customer_id) references customer on delete restrict;
    create table extra.log (id int primary key references customer);
    create function f() returns trigger language plpgsql as 'begin return new; end';
    create trigger t before update on customer for each row execute function f();
    create table fresh (id int primary key);
    insert into extra.note values (1, 'ask ${canary}@example.org');
  `);
  const run = await postern('map', 'check', '--json', '--prometheus', metrics, '--job', 'map-check');
  expect(run.code).toBe(3);
  const { result } = await checkedJson('map check', run);
  expect(result).toMatchObject({ database: platform.name, tables: 2, sampled: true, unseen: [] });
  expect(result.findings.map(({ rule, message }: Record<string, string>) => [rule, message])).toEqual([
    [
      'DATA01',
      'extra.note.memo is not called personal: addresses in 1 of 1 value read, in clear, inside text',
    ],
    ['MAP08', 'the table public.fresh is neither mapped nor ignored'],
    ['MAP15', 'the trigger public.customer.t is not listed'],
    ['MAP22', 'the column note (text) of public.letter is not in the map'],
    ['MAP23', expect.stringContaining('extra.log, outside the map, forbids deletes from public.customer')],
    ['MAP41', expect.stringContaining('is restrict in the database, not cascade')],
  ]);
  expect(await readFile(metrics, 'utf8')).toMatch(
    /^postern_map_check_findings\{profile="test",job="map-check"\} 6$/m,
  );
  const place = goodMap.split('\n').findIndex((line) => line.startsWith('ignore')) + 1;
  const table = await postern('map', 'check', '--output', 'csv');
  expect(table.stdout).toContain(`postern.map.yaml:${place}:10,DATA01,error,`);
  const blind = await checkedJson('map check', await postern('map', 'check', '--no-sample', '--json'));
  expect(blind.result.sampled).toBe(false);
  expect(blind.result.findings.map(({ rule }: Record<string, string>) => rule)).not.toContain('DATA01');
});

test('what cannot be looked at is a warning and ends with 4, findings or not with 3', async () => {
  const role = `map_${process.pid}`;
  await sql(
    `create role ${role} login password 'x'; grant usage on schema public to ${role}; grant select on customer to ${role}`,
  );
  try {
    const url = new URL(platform.url);
    url.username = role;
    url.password = 'x';
    await writeFile(join(folder, 'secrets', 'url'), url.href, { mode: 0o600 });
    const found = await postern('map', 'check', '--json');
    expect(found.code).toBe(3);
    expect((await checkedJson('map check', found)).result.unseen).toContainEqual({
      table: 'extra.note',
      column: null,
      reason: 'permission denied',
    });
    const scan = await postern('map', 'scan');
    expect(scan.code).toBe(4);
    expect(scan.stderr).toContain(
      'postern: warning: public.letter could not be looked at: permission denied\n',
    );
    expect(
      (await checkedJson('map scan', await postern('map', 'scan', '--json'))).result.unseen.length,
    ).toBeGreaterThan(1);

    await sql(
      `drop table extra.log, fresh, letter; drop trigger t on customer; drop table extra.note; create table extra.note (memo text)`,
    );
    await writeFile(
      join(folder, 'postern.map.yaml'),
      goodMap.replace(/ {2}public\.letter:[\s\S]*(?=ignore:)/, ''),
    );
    const unseen = await postern('map', 'check');
    expect(unseen).toMatchObject({ code: 4, stdout: '' });
    expect(unseen.stderr).toBe(
      'nothing found in what could be looked at\npostern: warning: extra.note could not be looked at: permission denied\n',
    );
  } finally {
    await writeFile(join(folder, 'secrets', 'url'), platform.url, { mode: 0o600 });
    await sql(`drop owned by ${role}; drop role ${role}`);
  }
});

test('a table that somebody has locked is told, and the others are looked at', async () => {
  await sql("create table closed (id int primary key, memo text default lower('X'))");
  await postern('map', 'scan', '--output', 'closed.yaml');
  await withConnection({ url: platform.url, role: 'test' }, async (client) => {
    await client.query('begin; lock table closed in access exclusive mode');
    const began = performance.now();
    const scan = await postern('map', 'scan', '--json');
    expect(scan.code).toBe(4);
    expect((await checkedJson('map scan', scan)).result['unseen']).toEqual([
      { table: 'public.closed', column: null, reason: 'another session holds a lock on it' },
    ]);
    const check = await postern('map', 'check', 'closed.yaml', '--no-sample', '--json');
    expect((await checkedJson('map check', check)).result['unseen']).toMatchObject([
      { table: 'public.closed' },
    ]);
    const lint = await postern('map', 'lint', 'closed.yaml');
    expect(lint.stderr).toContain('public.closed: another session holds a lock on it');
    expect(performance.now() - began).toBeLessThan(30_000);
    await client.query('rollback');
  });
  await sql('drop table closed');
});

test('keys of buckets are joined with rows, and a new prefix is drift', async () => {
  await sql('create table parcel (id int primary key); insert into parcel select generate_series(1, 9)');
  const store = await openLocalObjectStore({ path: join(folder, 'objects'), durability: 'fast' });
  for (const id of [1, 2, 3]) await store.put(`parcel/${id}.eml`, Buffer.from('x'));
  const profile = (rest: string) =>
    writeFile(
      join(folder, 'objects.yaml'),
      `version: 1\nprofiles:\n  test:\n    platform: {url: "\${file:secrets/url}"}\n    stores: {o: {adapter: local, path: objects}}\n${rest}`,
    );
  await profile('    subjects: {buckets: {mail: {store: o}}}\n');
  const json = async (...argv: readonly string[]) => {
    const run = await postern('map', ...argv, '--config', join(folder, 'objects.yaml'), '--json');
    return { code: run.code, result: (await checkedJson(`map ${argv[0]}`, run)).result };
  };
  const draft = join(folder, 'drafted.yaml');
  const scan = await json('scan', '--output', draft);
  expect(scan.result).toMatchObject({
    objects: [{ bucket: 'mail', form: 'parcel/<number>.eml', keys: 3, table: 'public.parcel' }],
  });
  expect(
    (await readDataMap(await readFile(draft, 'utf8'), 'draft')).map.tables['public.parcel']?.fields,
  ).toMatchObject({ object: { object: { bucket: 'mail', key: 'parcel/{id}.eml', format: 'eml' } } });

  const drift = async (...flags: readonly string[]) => {
    const { code, result } = await json('check', draft, '--no-sample', ...flags);
    const findings = result['findings'] as readonly { readonly rule: string }[];
    return { code, data04: findings.filter(({ rule }) => rule === 'DATA04'), unseen: result['unseen'] };
  };
  expect(await drift()).toMatchObject({ data04: [], unseen: [] });
  await store.put(`export/${canary}.zip`, Buffer.from('x'));
  expect(await drift()).toMatchObject({
    code: 3,
    data04: [{ message: expect.stringContaining('1 key of the form export/<text>.zip') }],
  });
  expect(await drift('--no-objects')).toMatchObject({ data04: [] });
  await profile('');
  expect(await drift()).toMatchObject({
    unseen: [{ table: 'bucket mail', reason: 'subjects.buckets names no store for it' }],
  });
});
