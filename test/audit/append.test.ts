import { createHash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentActor } from '../../src/lib/audit/actor.ts';
import { type AuditEntry, appendAudit } from '../../src/lib/audit/append.ts';
import { audited } from '../../src/lib/audit/audited.ts';
import { readAudit } from '../../src/lib/audit/read.ts';
import { verifyAudit } from '../../src/lib/audit/verify.ts';
import { refused } from '../../src/lib/base/error.ts';
import { connect } from '../../src/lib/base/postgres.ts';
import { type TestState, testContext, testState } from '../support/operation.ts';

let state: TestState;

beforeAll(async () => {
  state = await testState();
});
afterAll(() => state.close());

function entry(own: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: new Date(),
    event: 'note',
    action: 'test.note',
    run: randomUUID(),
    actor: currentActor(),
    ...own,
  };
}

test('concurrent appends from several connections form one chain without gaps', async () => {
  const before = (await verifyAudit(state.pool)).entries;
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => connect({ url: state.url, role: 'state database' })),
  );
  const work = clients.map(async (client, writer) => {
    for (let count = 0; count < 25; count += 1)
      await appendAudit(client, entry({ detail: { writer, count } }));
  });
  await Promise.all(work);
  await Promise.all(clients.map((client) => client.end()));
  expect(await verifyAudit(state.pool)).toMatchObject({ entries: before + 100, findings: [] });
});

test('the hash is the SHA-256 of the stored body, which names the entry before', async () => {
  const first = await appendAudit(state.pool, entry());
  const second = await appendAudit(state.pool, entry());
  const { rows } = await state.pool.query<{ body: string; hash: string }>(
    'select body, hash from postern.audit_entry where seq = $1',
    [second.seq],
  );
  const [{ body, hash } = { body: '', hash: '' }] = rows;
  expect(createHash('sha256').update(body).digest('hex')).toBe(hash);
  expect(JSON.parse(body)).toMatchObject({ seq: first.seq + 1, previousHash: first.hash, formatVersion: 1 });
});

test('any text in a detail is storable, and the chain stays whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (key, text) => {
      await appendAudit(state.pool, entry({ detail: { [`k${key}`]: text, list: [text, '\0', '\uD800'] } }));
    }),
    { numRuns: 30 },
  );
  expect((await verifyAudit(state.pool)).findings).toEqual([]);
});

test('an insert that does not continue the chain is refused, whoever makes it', async () => {
  const head = (await verifyAudit(state.pool)).head;
  const insert = (seq: number, body: string, hash: string): Promise<unknown> =>
    state.pool.query('insert into postern.audit_entry (seq, hash, body) values ($1, $2, $3)', [
      seq,
      hash,
      body,
    ]);
  const seq = (head?.seq ?? 0) + 1;
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const unlinked = JSON.stringify({ seq, previousHash: sha256('x') });
  const linked = JSON.stringify({ seq, previousHash: head?.hash });
  const late = JSON.stringify({ seq: seq + 1, previousHash: head?.hash });
  await expect(insert(seq, unlinked, sha256(unlinked))).rejects.toMatchObject({ code: '23514' });
  await expect(insert(seq, linked, sha256('another'))).rejects.toMatchObject({ code: '23514' });
  await expect(insert(seq + 1, late, sha256(late))).rejects.toMatchObject({ code: '23514' });
  expect((await verifyAudit(state.pool)).head).toEqual(head);
});

test('an audited action writes its intent before the work and its outcome after it', async () => {
  const context = testContext(state, { actor: currentActor({ fingerprint: 'A'.repeat(40) }) });
  const plan = 'b'.repeat(64);
  await audited(context, { action: 'test.done', target: 'mail', plan, detail: { rows: 1 } }, async (run) => {
    const [intent] = await readAudit(state.pool, { action: 'test.done' });
    expect(intent?.body).toMatchObject({ event: 'intent', detail: { rows: 1 } });
    run.note({ deleted: 7 });
  });
  const [intent, done] = await readAudit(state.pool, { action: 'test.done', plan: 'bbbbbbbb' });
  expect(done?.body).toMatchObject({
    event: 'done',
    run: intent?.body?.run,
    target: 'mail',
    plan,
    detail: { deleted: 7 },
    actor: { fingerprint: 'A'.repeat(40), pid: process.pid },
  });
});

test('a failed action leaves its code and never its message', async () => {
  const secret = 'subject alice@example.org has a hold';
  const work = audited(testContext(state), { action: 'test.failed' }, () =>
    Promise.reject(refused(secret, { code: 'on-hold' })),
  );
  await expect(work).rejects.toThrow(secret);
  const rows = await readAudit(state.pool, { action: 'test.failed' });
  expect(rows.map(({ body }) => body?.event)).toEqual(['intent', 'failed']);
  expect(rows[1]?.body?.error).toEqual({ code: 'on-hold', exitCode: 6 });
  const { rows: leaks } = await state.pool.query('select seq from postern.audit_entry where body like $1', [
    '%alice@example.org%',
  ]);
  expect(leaks).toEqual([]);
});

test('nothing is done when the intent cannot be written', async () => {
  let isDone = false;
  const broken = testContext({ pool: state.pool }, { state: () => Promise.reject(new Error('no state')) });
  await expect(
    audited(broken, { action: 'test.never' }, () => {
      isDone = true;
      return Promise.resolve();
    }),
  ).rejects.toThrow('no state');
  expect(isDone).toBe(false);
});

test('entries are found by time, action and plan, the newest so many, oldest first', async () => {
  const at = new Date('2030-01-01T00:00:00.000Z');
  for (const action of ['find.a', 'find.b', 'find.a']) await appendAudit(state.pool, entry({ at, action }));
  const since = new Date('2029-12-31T00:00:00.000Z');
  const found = await readAudit(state.pool, { since, limit: 2 });
  expect(found.map(({ body }) => body?.action)).toEqual(['find.b', 'find.a']);
  expect(await readAudit(state.pool, { since, action: 'find.a' })).toHaveLength(2);
  expect(await readAudit(state.pool, { since: new Date('2031-01-01') })).toEqual([]);
  expect(await readAudit(state.pool, { plan: 'f'.repeat(64) })).toEqual([]);
});
