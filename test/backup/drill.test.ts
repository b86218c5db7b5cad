import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DrillContext, DrillOptions, SmokeQuery } from '../../src/lib/backup/drill/context.ts';
import { judgeAnswer, type SmokeAnswer } from '../../src/lib/backup/drill/judge-answer.ts';
import { drillReport } from '../../src/lib/backup/drill/report.ts';
import type { BackupDrillResult } from '../../src/lib/backup/drill/results.ts';
import { runDrill } from '../../src/lib/backup/drill/run-drill.ts';
import { cleanUpScratch } from '../../src/lib/backup/drill/scratch-cleanup.ts';
import { readMark, writeMark } from '../../src/lib/backup/drill/scratch-mark.ts';
import type { ErasureReplayer } from '../../src/lib/backup/erasure/replayer.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { connect, withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { ed25519Signer } from '../../src/lib/crypto/dsse.ts';
import { verifyCertificate } from '../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { renderReport } from '../../src/lib/report/html/render.ts';
import { type BackupWorld, backupWorld, platformSource } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

const role = `mail_app_${process.pid}`;
const pair = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
  publicKeyEncoding: { format: 'pem', type: 'spki' },
});
let platform: TestDatabase;
let world: BackupWorld;
let setId: string;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(
    platform.url,
    `create role ${role} login;
     create table person (id int primary key, name text); insert into person select n, 'n' || n from generate_series(1, 20) n;
     create table hidden (id int); insert into hidden values (1), (2); alter table hidden enable row level security;
     create function evil() returns int language plpgsql as $$ begin create table public.made (); return 1; end $$;
     create function whoami() returns text language sql as 'select current_user::text || current_setting(''is_superuser'')';
     alter table person owner to ${role};
     comment on database ${platform.name} is 'the comment of the platform';
     grant connect, temporary on database ${platform.name} to public, ${role};
     alter database ${platform.name} set default_transaction_read_only = on;`,
  );
  world = await backupWorld({ platformUrl: platform.url });
  ({ setId } = await runBackup(
    world.context({
      options: { workers: 1 },
      sources: [platformSource(platform.url), { ...platformSource(world.stateUrl), name: 'state' }],
    }),
  ));
});
afterAll(async () => {
  await world?.close();
  await platform?.drop();
  if (platform !== undefined) await sql(await serverUrl(), `drop role if exists ${role}`);
});

const serverUrl = async (): Promise<string> => withDatabase(platform.url, 'postgres');

async function drill(
  options: Partial<DrillOptions> = {},
  changes: Partial<DrillContext> = {},
): Promise<BackupDrillResult> {
  const { serverUrl: _, ...restore } = await world.restoreContext({ workers: 1 });
  const context: DrillContext = {
    ...restore,
    tool: 'postern test',
    certificateSigner: async () => ed25519Signer(pair.privateKey),
    ...changes,
  };
  const url = await serverUrl();
  return runDrill(context, {
    setId,
    sources: ['platform'],
    smoke: [],
    whenDone: 'clean-up',
    startServer: async () => ({ kind: 'given', url, close: async () => {}, keep: async () => [] }),
    ...options,
  });
}

const query = (name: string, text: string, expect: SmokeQuery['expect']): SmokeQuery => ({
  name,
  source: 'platform',
  sql: text,
  timeout: 5000,
  expect,
});

async function scratchLeft(): Promise<readonly string[]> {
  const left = await sql<{ name: string }>(
    await serverUrl(),
    `select datname::text as name from pg_database where datname ~ '^postern_drill_'
     union all select rolname from pg_roles where rolname ~ '^postern_drill_'`,
  );
  return left.map(({ name }) => name);
}

async function lastCheck() {
  const [check] = await sql(
    world.stateUrl,
    `select kind, set_id as "setId", outcome, findings, certificate_id as "certificateId", detail from postern.backup_check order by check_id desc limit 1`,
  );
  return check;
}

test('every database of a set is restored, compared and measured; the certificate says so, and nothing is left', async () => {
  const result = await drill({ sources: ['platform', 'state'], rto: 3_600_000 });
  expect(result).toMatchObject({
    setId,
    destination: 'offsite',
    verdict: 'passed',
    findings: [],
    server: { kind: 'given' },
    rtoLimitSeconds: 3600,
    smoke: [],
    kept: [],
  });
  const [first, second] = result.sources;
  expect(first).toMatchObject({
    name: 'platform',
    rows: 22,
    schema: 'equal',
    erasures: { state: 'replayed', entries: 0 },
  });
  expect(first?.tables.map(({ table, rows }) => [table, rows])).toEqual([
    ['"public"."hidden"', 2],
    ['"public"."person"', 20],
  ]);
  expect(second).toMatchObject({ name: 'state', schema: 'equal', erasures: { state: 'not due' } });
  const names = result.phases.filter(({ source }) => source === 'platform').map(({ name }) => name);
  expect(names).toEqual([
    'open-set',
    'create',
    'prepare',
    'pre-data',
    'rows',
    'keyring',
    'large-objects',
    'sequences',
    'post-data',
    'analyze',
    'compare',
    'erasures',
    'open',
    'smoke',
  ]);
  expect(result.rtoSeconds).toBeGreaterThan(0);
  expect(result.rpoSeconds).toBeGreaterThan(0);
  const context = await world.restoreContext();
  const text = await loadCertificate(await context.state(), result.certificateId ?? '');
  const { statement } = verifyCertificate(text, [pair.publicKey]);
  expect(statement).toMatchObject({
    subject: [{ name: `backup set ${setId}`, digest: { sha256: result.manifestSha256 } }],
    predicateType: 'urn:postern:predicate:backup-drill:v1',
    predicate: { setId, verdict: 'passed', tool: 'postern test', sources: result.sources },
  });
  expect(await lastCheck()).toMatchObject({
    kind: 'drill',
    setId,
    outcome: 'passed',
    certificateId: result.certificateId,
    detail: { rtoSeconds: result.rtoSeconds },
  });
  expect(await scratchLeft()).toEqual([]);
});

test('smoke queries read everything as a login that may change nothing, and those that do not pass are findings', async () => {
  const result = await drill({
    smoke: [
      query('enough', 'select count(*) from public.person;', { min: 20 }),
      query('rows', 'select id from public.person where id <= 3', { rows: 3 }),
      query('behind-policies', 'select count(*) from public.hidden', { equals: 2 }),
      query('no-superuser', "select public.whoami() like '%off'", { equals: true }),
      query('too-few', 'select count(*) from public.person', { min: 21 }),
      query('writes', 'select public.evil()', { rows: 1 }),
      query('two', 'select 1; select 2', { rows: 1 }),
      query('slow', 'select pg_sleep(60)', { rows: 1 }),
    ].map((smoke) => ({ ...smoke, timeout: smoke.name === 'slow' ? 50 : smoke.timeout })),
  });
  expect(result.smoke.filter(({ passed }) => passed).map(({ name }) => name)).toEqual([
    'enough',
    'rows',
    'behind-policies',
    'no-superuser',
  ]);
  const reasons = Object.fromEntries(result.smoke.map(({ name, reason }) => [name, reason]));
  expect(reasons['too-few']).toBe('its value is 20, not 21 or more');
  expect(reasons['writes']).toMatch(/read-only transaction/);
  expect(reasons['two']).toMatch(/multiple commands/);
  expect(reasons['slow']).toMatch(/statement timeout/);
  expect(result).toMatchObject({ verdict: 'findings' });
  expect(result.findings).toHaveLength(4);
  expect(await lastCheck()).toMatchObject({ outcome: 'failed', findings: 4 });
  expect(await scratchLeft()).toEqual([]);
});

test('a restore that takes longer than allowed is a finding', async () => {
  const { findings, verdict } = await drill({ rto: 1 });
  expect(verdict).toBe('findings');
  expect(findings).toEqual([expect.stringMatching(/^the restore took [\d.]+ s, and 0\.001 s are allowed$/)]);
});

test('a drill that is stopped leaves nothing', async () => {
  const stop = new AbortController();
  const progress = {
    step: (title: string) => {
      if (title === 'platform: rows') stop.abort();
      return { advance: () => {}, done: () => {}, fail: () => {} };
    },
    detail: () => {},
    warn: () => {},
  };
  await expect(drill({}, { signal: stop.signal, progress })).rejects.toMatchObject({ name: 'AbortError' });
  expect(await scratchLeft()).toEqual([]);
});

test('a query of a database that the set does not hold is refused, since it would never be asked', async () => {
  const lost = { ...query('lost', 'select 1', { rows: 1 }), source: 'calendar' };
  await expect(drill({ smoke: [lost] })).rejects.toMatchObject({ exitCode: 2, code: 'smoke-source-unknown' });
  await expect(drill({ sources: ['calendar'] })).rejects.toMatchObject({
    exitCode: 2,
    code: 'source-unknown',
  });
});

test('only what bears the mark of a dead drill is dropped', async () => {
  const url = await serverUrl();
  const mark = {
    profile: 'test',
    setId,
    startedAt: new Date().toISOString(),
    roles: [`brought_${process.pid}`],
    kept: false,
  };
  const [dead, alive, stranger, empty, kept] = [1, 2, 3, 4, 5].map(
    (digit) => `postern_drill_${String(digit).repeat(16)}`,
  ) as [string, string, string, string, string];
  const similar = 'postern_drill_mine';
  const comment = (name: string, text: string) =>
    `comment on database ${name} is '${text.replaceAll("'", "''")}'`;
  for (const name of [dead, alive, stranger, empty, kept, similar]) await sql(url, `create database ${name}`);
  await sql(url, `create role ${dead}; create role brought_${process.pid}`);
  await sql(url, comment(dead, writeMark(mark)));
  await sql(url, comment(alive, writeMark(mark)));
  await sql(url, comment(similar, writeMark(mark)));
  await sql(url, comment(kept, writeMark({ ...mark, kept: true })));
  await sql(withDatabase(url, stranger), 'create table somebodys ()');
  const holder = await connect({ url: withDatabase(url, alive), role: 'test' });
  try {
    const { dropped, left } = await cleanUpScratch(url, 'not');
    expect(dropped).toEqual([dead, empty]);
    expect(left).toEqual([
      { name: alive, reason: 'somebody is connected to it' },
      { name: stranger, reason: 'it has the name of a scratch database, but not its mark' },
      { name: kept, reason: 'it was kept on purpose' },
    ]);
    expect(
      await sql(url, `select from pg_roles where rolname in ('${dead}', 'brought_${process.pid}')`),
    ).toEqual([]);
    expect((await cleanUpScratch(url, 'too')).dropped).toEqual([kept]);
  } finally {
    await holder.end();
    for (const name of [alive, stranger, similar]) await sql(url, `drop database ${name} with (force)`);
  }
});

test('what is kept bears the mark, stays through the next drill, and goes when it is told to', async () => {
  const { kept } = await drill({ whenDone: 'keep' });
  const [name = ''] = /postern_drill_[0-9a-f]{16}/.exec(kept[0] ?? '') ?? [];
  const url = await serverUrl();
  await withConnection({ url: withDatabase(url, name), role: 'test' }, async (client) => {
    const { rows } = await client.query(
      `select shobj_description(oid, 'pg_database') as comment, datacl::text as acl from pg_database where datname = current_database()`,
    );
    expect(readMark(rows[0]?.comment)).toMatchObject({ kept: true, setId });
    // Neither PUBLIC nor the platform's role may connect.
    expect(rows[0]?.acl).not.toMatch(/c/);
    expect((await client.query('show default_transaction_read_only')).rows).toEqual([
      { default_transaction_read_only: 'on' },
    ]);
  });
  await drill();
  expect(await scratchLeft()).toEqual([name]);
  expect((await cleanUpScratch(url, 'too')).dropped).toEqual([name]);
  expect(await scratchLeft()).toEqual([]);
});

test('the report shows verdict, figures and every table', async () => {
  const result = await drill({ smoke: [query('wrong', 'select 1', { equals: 2 })], rto: 60_000 });
  const page = await renderReport(
    drillReport(result, { profile: 'test', madeAt: new Date(), tool: 'postern test' }),
  );
  for (const text of [
    setId,
    'The backup was restored, with 1 finding.',
    '&quot;public&quot;.&quot;person&quot;',
    result.sources[0]?.tables[0]?.checksum ?? '-',
    result.certificateId ?? '-',
    'its value is another one than expected',
    'allowed: 1 min',
    'compare',
  ])
    expect(page).toContain(text);
});

test('erasures are repeated before anything is asked', async () => {
  await sql(
    world.stateUrl,
    `insert into postern.erasure (profile, source, kind, detail, erased_at) values ('test', 'platform', 'person', '{"id": 7}', now())`,
  );
  const deleting: ErasureReplayer = {
    kind: 'person',
    replay: async (client, entries) => {
      const { rowCount } = await client.query('delete from public.person where id = any($1)', [
        entries.map(({ detail }) => detail['id']),
      ]);
      return { replayed: entries.length, rows: rowCount ?? 0 };
    },
  };
  await expect(drill()).rejects.toMatchObject({ exitCode: 6, code: 'erasure-replay-missing' });
  expect(await lastCheck()).toMatchObject({
    outcome: 'incomplete',
    detail: { reason: 'erasure-replay-missing' },
  });
  expect(await scratchLeft()).toEqual([]);
  const { smoke, sources } = await drill(
    { smoke: [query('gone', 'select from public.person where id = 7', { rows: 0 })] },
    { erasureReplayers: [deleting] },
  );
  expect(smoke).toMatchObject([{ passed: true }]);
  expect(sources[0]?.erasures).toMatchObject({ state: 'replayed', entries: 1, rows: 1 });
});

const answer = (changes: Partial<SmokeAnswer> = {}): SmokeAnswer => ({
  rows: 1,
  columns: 1,
  value: '5',
  type: 23,
  ...changes,
});

test.each([
  [{ rows: 1 }, answer(), undefined],
  [{ rows: 2 }, answer(), 'it gave 1 row, not 2'],
  [{ rows: 0 }, answer({ rows: 0, value: null }), undefined],
  [{ min: 5 }, answer(), undefined],
  [{ min: 6 }, answer(), 'its value is 5, not 6 or more'],
  [{ min: 0 }, answer({ value: '' }), 'its value is no number, not 0 or more'],
  [{ min: 0 }, answer({ value: null }), 'its value is no number, not 0 or more'],
  [{ min: 1 }, answer({ value: '9223372036854775807' }), undefined],
  [{ min: 1 }, answer({ rows: 2 }), 'it gave 2 rows of 1 column, not one value'],
  [{ equals: 5 }, answer({ value: '5.0' }), undefined],
  [{ equals: '5' }, answer({ value: '5.0' }), 'its value is another one than expected'],
  [{ equals: true }, answer({ value: 't', type: 16 }), undefined],
  [{ equals: true }, answer({ value: 't', type: 25 }), 'its value is another one than expected'],
  [{ equals: null }, answer({ value: null }), undefined],
  [{ equals: null }, answer(), 'its value is another one than expected'],
  [{ equals: 0 }, answer({ value: null }), 'its value is another one than expected'],
  [{ equals: 5 }, answer({ columns: 2 }), 'it gave 1 row of 2 columns, not one value'],
])('expecting %j, %j is judged right', (expected, given, reason) => {
  expect(judgeAnswer(expected, given)).toBe(reason);
});

test.each([
  null,
  '',
  'scratch database of a postern drill: ',
  'scratch database of a postern drill: {}',
  `x${writeMark({ profile: 'a', setId: 'b', startedAt: 'c', roles: [], kept: false })}`,
])('the comment %j is no mark', (comment) => {
  expect(readMark(comment)).toBeUndefined();
});
