import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, withConnection } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openObjectStore } from '../../src/lib/cloud/index.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { loadDataMap } from '../../src/lib/platform/map/index.ts';
import { downSandbox, readUrl, sandboxPaths, upSandbox } from '../../src/lib/sandbox/index.ts';
import { type ExportedPerson, exportPerson } from '../../src/lib/subject/export/index.ts';
import { findPerson } from '../../src/lib/subject/find/index.ts';
import { describeWith } from '../support/optional.ts';
import { unzipped } from './export-world.ts';

describeWith(['python3'], 'on the generated platform', ({ python3 }) => {
  let home: string;
  let email: string;
  let exported: ExportedPerson;
  let files: ReadonlyMap<string, Buffer>;
  let superuser: string;
  let found: Awaited<ReturnType<typeof findPerson>>;

  const query = <Row extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> =>
    withConnection({ url: superuser, role: 'test' }, async (client: Client) => {
      const { rows } = await client.query<Row>(sql, [...values]);
      return rows;
    });
  const rows = (table: string) =>
    JSON.parse(files.get(`${table}/rows.json`)?.toString() ?? '[]') as Record<string, unknown>[];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'postern-export-sandbox-'));
    await promisify(execFile)('chmod', ['755', home]);
    const paths = sandboxPaths('export', { POSTERN_SANDBOX_HOME: home });
    await upSandbox(paths, { progress: silentProgress, messages: 2_000, seed: 5 });
    superuser = await readUrl(paths, 'superuser');
    // Whoever has a ticket of support and the most mail that lies in the store.
    const [person] = await query<{ email: string }>(
      `select a.email from mail.accounts a join mail.mailboxes b on b.account_id = a.id join mail.messages m on m.mailbox_id = b.id
       where exists (select from ops.support_tickets t where t.account_id = a.id)
       group by a.id order by count(m.raw_key) desc, a.id limit 1`,
    );
    email = person?.email ?? '';
    const { map } = await loadDataMap(join(paths.folder, 'postern.map.yaml'));
    const store = await openObjectStore({ adapter: 'local', path: join(paths.folder, 'objects/mail') });
    const who = { who: [email], tenant: undefined, signal: new AbortController().signal };
    const counting = await openPlatform(await readUrl(paths, 'platform'));
    found = await findPerson(counting, map, who);
    await counting.end();
    const db = await openPlatform(await readUrl(paths, 'platform'));
    exported = await exportPerson(
      {
        db,
        map,
        openBucket: (name) => Promise.resolve(name === 'mail' ? { store, prefix: '' } : undefined),
        dataKeyOf: () => Promise.resolve({ problem: 'key-unknown' }),
        tool: 'postern test',
        at: new Date(),
        signal: who.signal,
        sign: () => Promise.resolve(undefined),
      },
      {
        ...who,
        set: 'access',
        folder: home,
        fileName: () => 'out.zip',
        reviewPath: join(home, 'out.review.json'),
        decisions: new Map(),
        sealedFor: undefined,
        splitAt: undefined,
        mailForm: 'both',
        discloseBcc: undefined,
      },
    );
    await db.end();
    files = unzipped(python3, join(home, 'out.zip'));
  });
  afterAll(async () => {
    await downSandbox(sandboxPaths('export', { POSTERN_SANDBOX_HOME: home }));
    await rm(home, { recursive: true, force: true });
  });

  test('all rows are there that were counted, but for those of keys', () => {
    const own = found.rows.filter((row) => row.class !== 'mention' && row.table !== 'mail.subject_keys');
    expect(
      exported.summary.tables.map(({ facts, exported: { rows: count } }) => [facts.table, count]),
    ).toEqual(own.map(({ table, rows: count }) => [table, count]));
    for (const { table, rows: count } of own) expect(rows(table), table).toHaveLength(count);
    const mentions = found.rows.filter((row) => row.class === 'mention');
    for (const { mention } of exported.summary.mentions) {
      const sum = mentions.reduce((all, row) => all + (row.table === mention.table ? row.rows : 0), 0);
      expect(mention.rows, mention.table).toBe(sum);
    }
    expect(exported.summary.missing).toEqual([]);
    expect(exported.summary.tables.some(({ exported: { objects } }) => objects > 0)).toBe(true);
  });

  test('every message is read by Python as the database has it', async () => {
    const program = `
import sys, zipfile, json, email, email.policy
z = zipfile.ZipFile(sys.argv[1])
read = {}
for n in z.namelist():
    if n.endswith('.eml'):
        m = email.message_from_bytes(z.read(n), policy=email.policy.default)
        read[n] = [m['Subject'], len(list(m.iter_attachments())), [type(d).__name__ for d in m.defects]]
print(json.dumps(read))`;
    const read = JSON.parse(
      execFileSync(python3, ['-c', program, join(home, 'out.zip')], { maxBuffer: 1 << 28 }).toString(),
    ) as Record<string, [subject: string, attachments: number, defects: string[]]>;
    const stored = await query<{ id: string; subject: string; attachments: number }>(
      `select m.id, m.subject, (select count(*)::int from mail.attachments t where t.message_id = m.id) as attachments
       from mail.messages m join mail.mailboxes b on b.id = m.mailbox_id join mail.accounts a on a.id = b.account_id where a.email = $1`,
      [email],
    );
    expect(Object.keys(read)).toHaveLength(stored.length);
    for (const { id, subject, attachments } of stored)
      expect(read[`mail.messages/${id}.eml`], id).toEqual([subject, attachments, []]);
  });

  test('each attachment is the object that its row names', () => {
    const attachments = rows('mail.attachments') as { id: number; sha256: string; files: string[] }[];
    expect(attachments.length).toBeGreaterThan(0);
    for (const { id, sha256, files: paths } of attachments) {
      const [path = ''] = paths;
      expect(path).toMatch(new RegExp(`^mail\\.messages/\\d+/mail\\.attachments/${id}`));
      expect(exportedSha256(path)).toBe(sha256);
    }
  });

  const exportedSha256 = (path: string): string | undefined =>
    (
      JSON.parse(files.get('manifest.json')?.toString() ?? '{}') as {
        files: { path: string; sha256: string }[];
      }
    ).files.find((file) => file.path === path)?.sha256;

  test('no secret is in it, nor a note of staff, nor who else has an account', async () => {
    const all = Buffer.concat(
      [...files].filter(([name]) => !name.startsWith('mail.messages/')).map(([, content]) => content),
    );
    const secrets = await query<{ secret: string }>(
      `select password_hash as secret from mail.accounts union all select legacy_token from mail.accounts where legacy_token is not null
       union all select id from mail.sessions union all select internal_notes from ops.support_tickets`,
    );
    expect(secrets.length).toBeGreaterThan(100);
    for (const { secret } of secrets) expect(all.includes(secret)).toBe(false);
    const ids = rows('mail.accounts').map(({ id }) => id);
    for (const table of [
      'mail.mailboxes',
      'mail.contacts',
      'mail.sessions',
      'ops.user_actions',
      'ops.support_tickets',
    ])
      expect([...new Set(rows(table).map((row) => row['account_id']))], table).toEqual(ids);
    expect(exported.review.open).toBe(rows('ops.support_tickets').length);
  });
});
