import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { currentActor } from '../../src/lib/audit/actor.ts';
import { type AuditAnchor, appendAudit } from '../../src/lib/audit/append.ts';
import { verifyAudit } from '../../src/lib/audit/verify.ts';
import { canonicalJson, type JsonObject } from '../../src/lib/crypto/canonical-json.ts';
import { type TestState, testState } from '../support/operation.ts';

let state: TestState;
let anchor: AuditAnchor;

/** Twenty entries; the anchor is the newest. */
beforeEach(async () => {
  state = await testState();
  for (let count = 0; count < 20; count += 1) {
    anchor = await appendAudit(state.pool, {
      at: new Date(),
      event: 'note',
      action: 'test.note',
      run: randomUUID(),
      actor: currentActor(),
      detail: { count },
    });
  }
});
afterEach(() => state.close());

/** What a superuser can do to the table, and nobody else. */
async function tamper(sql: string, values: readonly unknown[] = []): Promise<void> {
  await state.pool.query('alter table postern.audit_entry disable trigger all');
  await state.pool.query(sql, [...values]);
  await state.pool.query('alter table postern.audit_entry enable always trigger append_only');
}

async function problems(options: { readonly anchor?: AuditAnchor } = {}): Promise<readonly string[]> {
  const { findings } = await verifyAudit(state.pool, options);
  return findings.map(({ seq, problem }) => `${seq} ${problem}`);
}

async function bodyOf(seq: number): Promise<JsonObject> {
  const { rows } = await state.pool.query<{ body: string }>(
    'select body from postern.audit_entry where seq = $1',
    [seq],
  );
  return JSON.parse(rows[0]?.body ?? '') as JsonObject;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test('an untouched log is whole, with and without an anchor', async () => {
  expect(await verifyAudit(state.pool, { anchor })).toEqual({
    entries: 20,
    head: anchor,
    findings: [],
    findingCount: 0,
  });
  expect(await problems()).toEqual([]);
});

test('an anchor from before stays good while the log grows', async () => {
  await appendAudit(state.pool, {
    at: new Date(),
    event: 'note',
    action: 'later',
    run: randomUUID(),
    actor: currentActor(),
  });
  expect(await problems({ anchor })).toEqual([]);
});

test('a changed body is found', async () => {
  await tamper(`update postern.audit_entry set body = replace(body, '"count":6', '"count":7') where seq = 7`);
  expect(await problems()).toEqual(['7 changed']);
});

test('a changed body is found although its own hash was made to fit', async () => {
  const body = canonicalJson({ ...(await bodyOf(7)), detail: { count: 0 } });
  await tamper('update postern.audit_entry set body = $1, hash = $2 where seq = 7', [body, sha256(body)]);
  expect(await problems()).toEqual(['7 changed']);
});

test('a changed hash is found', async () => {
  await tamper('update postern.audit_entry set hash = $1 where seq = 7', [sha256('x')]);
  expect(await problems()).toEqual(['7 changed']);
});

test('missing entries are found, in the middle and at the head', async () => {
  await tamper('delete from postern.audit_entry where seq in (1, 2, 9)');
  expect(await problems()).toEqual(['1 missing', '9 missing']);
});

test('a missing entry is found although the rest was renumbered', async () => {
  await tamper('delete from postern.audit_entry where seq = 9');
  await tamper('alter table postern.audit_entry drop constraint audit_entry_pkey');
  await tamper('update postern.audit_entry set seq = seq - 1 where seq > 9');
  expect((await problems())[0]).toBe('9 reordered');
});

test('two entries that changed places are found', async () => {
  await tamper('update postern.audit_entry set seq = 1000 where seq = 5');
  await tamper('update postern.audit_entry set seq = 5 where seq = 12');
  await tamper('update postern.audit_entry set seq = 12 where seq = 1000');
  expect(await problems()).toEqual(['5 reordered', '12 reordered']);
});

test('an entry inserted in place, with everything after it moved on, is found', async () => {
  const previousHash = sha256(canonicalJson(await bodyOf(8)));
  const body = canonicalJson({ ...(await bodyOf(9)), previousHash, detail: { forged: true } });
  await tamper('alter table postern.audit_entry drop constraint audit_entry_pkey');
  await tamper('update postern.audit_entry set seq = seq + 1 where seq >= 9');
  await tamper('insert into postern.audit_entry (seq, hash, body) values (9, $1, $2)', [sha256(body), body]);
  expect((await problems())[0]).toBe('10 reordered');
  expect(await problems()).toHaveLength(12);
});

test('an entry inserted under a number that is taken is found', async () => {
  const body = canonicalJson({ ...(await bodyOf(9)), detail: { forged: true } });
  await tamper('alter table postern.audit_entry drop constraint audit_entry_pkey');
  await tamper('insert into postern.audit_entry (seq, hash, body) values (9, $1, $2)', [sha256(body), body]);
  expect(await problems()).toContain('9 inserted');
});

test('an entry forged between two that know each other is found', async () => {
  // Entry 10 takes a forged entry's place in the chain: 11 still names the hash of the real one before it.
  const real = await bodyOf(10);
  const forged = canonicalJson({ ...real, detail: { forged: true } });
  await tamper('update postern.audit_entry set body = $1, hash = $2 where seq = 10', [
    forged,
    sha256(forged),
  ]);
  const next = canonicalJson({ ...(await bodyOf(11)), previousHash: real['previousHash'] ?? '' });
  await tamper('update postern.audit_entry set body = $1, hash = $2 where seq = 11', [next, sha256(next)]);
  expect(await problems()).toEqual(['10 inserted', '11 changed']);
});

test('a tail that was cut off is found by an anchor, and only by one', async () => {
  await tamper('delete from postern.audit_entry where seq > 15');
  expect(await problems()).toEqual([]);
  expect(await problems({ anchor })).toEqual(['16 truncated']);
});

test('a log that was emptied is found by an anchor', async () => {
  await tamper('delete from postern.audit_entry');
  expect(await problems({ anchor })).toEqual(['1 truncated']);
});

test('a log rewritten from some entry to its end is found by an anchor, and only by one', async () => {
  let previousHash = sha256(canonicalJson(await bodyOf(14)));
  for (let seq = 15; seq <= 20; seq += 1) {
    const body = canonicalJson({ ...(await bodyOf(seq)), previousHash, detail: { rewritten: true } });
    previousHash = sha256(body);
    await tamper('update postern.audit_entry set body = $1, hash = $2 where seq = $3', [
      body,
      previousHash,
      seq,
    ]);
  }
  expect(await problems()).toEqual([]);
  expect(await problems({ anchor })).toEqual(['20 anchor-mismatch']);
});

test('memory stays flat over a long log', async () => {
  // 60,000 entries with a real chain, made by the database, as a 30 MB log.
  await tamper(`do $$
    declare previous text; body text;
    begin
      select hash into previous from postern.audit_entry order by seq desc limit 1;
      for seq in 21..60000 loop
        body := format('{"pad":"%s","previousHash":"%s","seq":%s}', repeat('x', 400), previous, seq);
        previous := encode(sha256(convert_to(body, 'UTF8')), 'hex');
        insert into postern.audit_entry (seq, hash, body) values (seq, previous, body);
      end loop;
    end $$`);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const verification = await verifyAudit(state.pool, { anchor });
  expect(verification).toMatchObject({ entries: 60_000, findings: [] });
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(100);
});
