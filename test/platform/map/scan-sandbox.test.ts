import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { readCatalog } from '../../../src/lib/platform/catalog/index.ts';
import { openPlatform } from '../../../src/lib/platform/connection.ts';
import { type DataMap, lintDataMap, loadDataMap, readDataMap } from '../../../src/lib/platform/map/index.ts';
import { checkData, type Scan, scanPlatform } from '../../../src/lib/platform/map/scan/index.ts';
import { downSandbox, readUrl, sandboxPaths, upSandbox } from '../../../src/lib/sandbox/index.ts';
import { look } from './scan-fixture.ts';

let home: string;
let scan: Scan;
let draft: DataMap;
/** What a person wrote about the same platform. */
let written: DataMap;
let others: readonly string[];
let check: Awaited<ReturnType<typeof checkData>>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'postern-scan-sandbox-'));
  await promisify(execFile)('chmod', ['755', home]);
  const paths = sandboxPaths('scan', { POSTERN_SANDBOX_HOME: home });
  await upSandbox(paths, { progress: silentProgress, messages: 1_000, seed: 3 });
  ({ map: written } = await loadDataMap(join(paths.folder, 'postern.map.yaml')));
  const db = await openPlatform(await readUrl(paths, 'platform'));
  try {
    scan = await scanPlatform(db, { look });
    ({ map: draft } = await readDataMap(scan.text, 'draft'));
    const catalog = await readCatalog(db);
    others = lintDataMap(draft, catalog).map(({ rule }) => rule);
    check = await checkData(db, { map: written, catalog }, look);
  } finally {
    await db.end();
  }
});
afterAll(async () => {
  await downSandbox(sandboxPaths('scan', { POSTERN_SANDBOX_HOME: home }));
  await rm(home, { recursive: true, force: true });
});

test('every column that a person called an address is found in the data', () => {
  const missing = Object.entries(written.tables).flatMap(([table, { fields = {} }]) =>
    Object.entries(fields)
      .filter(([, { category, identity }]) => category === 'user.contact.email' && identity !== undefined)
      .filter(
        ([column]) =>
          !['person.email', 'TODO'].includes(draft.tables[table]?.fields?.[column]?.identity ?? ''),
      )
      .map(([column]) => `${table}.${column}`),
  );
  expect(missing).toEqual([]);
  expect(draft.tables['mail.messages']?.fields?.['meta']?.paths).toHaveProperty(['$.rcpt[*].addr']);
  expect(draft.tables['mail.inbound_queue']?.fields?.['raw']).toMatchObject({ parser: 'rfc5322' });
  // Planted: addresses in base64, which a person overlooks.
  expect(draft.tables['ops.support_tickets']?.fields?.['internal_notes']).toMatchObject({ parser: 'base64' });
});

test('an address that may be another than the row’s own person is asked for', () => {
  const identityOf = (table: string, column: string) => draft.tables[table]?.fields?.[column]?.identity;
  expect(identityOf('mail.accounts', 'email')).toBe('person.email');
  expect(identityOf('mail.accounts', 'normalized_email')).toBe('TODO');
  expect(identityOf('mail.aliases', 'address')).toBe('TODO');
  // Of somebody outside, in the calendar of an account: called the account's own, it would be erased with it everywhere.
  expect(identityOf('mail.calendar_events', 'organizer')).toBe('TODO');
});

test('every reference that a person wrote between columns of a table is found, but for those to the row itself', () => {
  const pairs = (map: DataMap): readonly string[] =>
    Object.entries(map.tables).flatMap(([table, { references = [] }]) =>
      references
        .filter(({ as, path }) => as !== 'self' && path === undefined)
        .map(({ column, to }) => `${table} ${String(column)} ${String(to)}`),
    );
  const found = new Set(pairs(draft));
  expect(pairs(written).filter((pair) => !found.has(pair))).toEqual([
    // Not called alike, and not unique.
    'mail.messages sender_ref mail.contacts.email',
  ]);
});

test('the draft is clean but for what is TODO and a table without a key', () => {
  expect([...new Set(others)]).toEqual(['MAP05', 'MAP11']);
  expect(Object.keys(draft.tables).sort()).toEqual(expect.arrayContaining(Object.keys(written.tables)));
  expect(draft.keyrings?.['mail.subject_keys']).toMatchObject({
    wrapped: 'wrapped_dek',
    subject: 'account_id',
  });
  expect(draft.triggers).toEqual({ 'mail.contacts.contact_changes': { effect: 'TODO' } });
});

test('no address stands in what the scan says', () => {
  expect(JSON.stringify(scan)).not.toMatch(/[a-z0-9]@[a-z0-9]/i);
});

test('the check finds the faults that were planted in the data', () => {
  expect(check.unseen).toEqual([]);
  expect(check.findings.map(({ rule, message }) => `${rule} ${message.split(' ')[0] ?? ''}`)).toEqual([
    'DATA01 ops.scratch_export.email',
    'DATA03 mail.sessions.state',
  ]);
});
