import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { pseudonym, pseudonymKeysOf, rotatedPseudonym } from '../../src/lib/subject/pseudonym/index.ts';
import { changedText } from '../../src/lib/subject/pseudonym/rotate/column-sql.ts';
import {
  type PseudonymContext,
  planRotation,
  rotatePseudonyms,
} from '../../src/lib/subject/pseudonym/rotate/index.ts';
import { projectRoot } from '../support/cli.ts';
import { onceUnlocked } from '../support/once-unlocked.ts';
import { type TestState, testSigner, testState } from '../support/operation.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pseudonymContextOn } from '../support/pseudonym-context.ts';

const secret = randomBytes(32).toString('hex');
const [k2, k1] = pseudonymKeysOf([
  { version: 2, secret },
  { version: 1, secret: randomBytes(32).toString('hex') },
]);
if (k1 === undefined) throw new Error('two keys were given');
const old = (name: string) => pseudonym(k1, { kind: 'email' }, `${name}@example.org`);
const fresh = (name: string) => rotatedPseudonym(k2, old(name));
const word = pseudonym(k1, { kind: 'account.name' }, 'Ann');

const rule = 'erase: {pseudonymise: hmac}';
const map = `version: 1
subjects: {contact: {identities: {email: {}}}}
tables:
  app.mail:
    primary_key: [day, id]
    ownership: shared
    fields:
      sender: {type: character varying(60), category: user.contact.email, identity: contact.email, ${rule}}
      others: {type: 'text[]', category: user.contact.email, identity: contact.email, ${rule}}
      meta: {type: jsonb, paths: {'$.rcpt[*].addr': {category: user.contact.email, identity: contact.email, ${rule}}}}
      note: {type: text, category: user.content, erase: {keep: it is another person's}}
  app.log:
    primary_key: [id]
    ownership: third-party
    fields: {actor: {type: text, category: user.name, ${rule}}, raw: {type: json, category: user, ${rule}}}
`;

let platform: TestDatabase;
let db: Client;
let state: TestState;
beforeEach(async () => {
  platform = await testDatabase();
  state = await testState();
  db = await connect({ url: platform.url, role: 'test' });
  await db.query(`create schema app;
    create table app.mail (
      day date, id int, sender varchar(60), others text[], meta jsonb, note text, primary key (day, id));
    create table app.log (id bigint primary key, actor text, raw json);`);
});
afterEach(async () => {
  await db.end();
  await platform.drop();
  await state.close();
});

const context = (own: Partial<PseudonymContext> & { readonly map_?: string } = {}) =>
  pseudonymContextOn({ platformUrl: platform.url, pool: state.pool, secret, map: own.map_ ?? map }, own);

async function planned(own: Parameters<typeof context>[0] = {}, batchSize = 500) {
  const made = await planRotation(context(own), { batchSize });
  if (made.plan === undefined) throw new Error('there is nothing to do');
  await savePlan(context(own), made.plan);
  return { ...made, id: made.plan.id };
}
const apply = (id: string, own: Parameters<typeof context>[0] = {}) =>
  applyPlan(context(own), rotatePseudonyms, id);

async function manyRows(count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `n${n}`);
  await db.query(
    `insert into app.mail (day, id, sender) select '2026-01-01', n, s from unnest($1::int[], $2::text[]) x (n, s)`,
    [names.map((_, n) => n), names.map(old)],
  );
}
const senders = async (): Promise<readonly string[]> =>
  (await db.query('select sender from app.mail order by day, id')).rows.map(({ sender }) => sender);

test('every pseudonym is put under the newest key, equal ones stay equal, and every other byte stays', async () => {
  const json = (name: string) =>
    JSON.stringify({ rcpt: [{ addr: name }, { addr: 'b@b.example' }], [name]: 1 });
  const text = `wrote "${old('ann')}" and ${word}`;
  const noisy = `{"a,${word},b","\\"${word}\\"",${old('ann')},NULL,"",${fresh('bob')}}`;
  await db.query(
    `insert into app.mail values ('2026-01-01', 1, $1, $2, $3, $4), ('2026-01-02', 1, $5, $6, $7, $4)`,
    [
      old('ann'),
      noisy,
      json(old('ann')),
      text,
      'bob@example.org',
      `[0:1][1:1]={{${old('ann')}},{x}}`,
      JSON.stringify({ note: text, quoted: `"${word}"` }),
    ],
  );
  const spaced = `{ "who" :  "${word}" , "x":1.0 }`;
  await db.query(`insert into app.log values (1, $1, $2), (2, $3, null)`, [word, spaced, `${word} `]);
  const signer = testSigner();
  const { id, values, inputs } = await planned({ ...signer });
  expect(values).toBe(7);
  expect(inputs.columns.find(({ column }) => column === 'others')?.versions).toEqual([
    { version: 1, values: 2 },
    { version: 2, values: 1 },
  ]);
  const { certificateId } = await apply(id, { ...signer });

  const { rows } = await db.query('select sender, others::text, meta, note from app.mail order by day');
  expect(rows).toEqual([
    {
      sender: fresh('ann'),
      others: noisy.replace(old('ann'), fresh('ann')),
      meta: JSON.parse(json(fresh('ann'))),
      note: text,
    },
    {
      sender: 'bob@example.org',
      others: `[0:1][1:1]={{${fresh('ann')}},{x}}`,
      meta: { note: text, quoted: `"${word}"` },
      note: text,
    },
  ]);
  const log = await db.query('select actor, raw::text from app.log order by id');
  const turned = rotatedPseudonym(k2, word);
  expect(log.rows).toEqual([
    { actor: turned, raw: spaced.replace(word, turned) },
    { actor: `${word} `, raw: null },
  ]);
  const { rows: certificates } = await state.pool.query(
    'select envelope from postern.certificate where id = $1',
    [certificateId],
  );
  const statement = JSON.parse(
    Buffer.from(JSON.parse(certificates[0].envelope).payload, 'base64').toString(),
  );
  expect(statement.predicate).toMatchObject({ erasure: false, version: 2 });
  expect(JSON.stringify(statement.predicate.after)).not.toContain('"version":1');
  expect(await planRotation(context(), { batchSize: 10 })).toMatchObject({ plan: undefined, values: 0 });
});

describe('a rotation is refused', () => {
  test('where a pseudonym is part of a key, or of a type that takes none', async () => {
    await db.query(`create table app.account (id text primary key, n int, boss text references app.account);
      create table app.card (id int primary key, raw bytea)`);
    const table = (name: string, column: string, type: string) =>
      planned({
        map_: `version: 1\nsubjects: {contact: {identities: {email: {}}}}\ntables: {app.${name}: {primary_key: [id], ownership: exclusive, fields: {${column}: {type: ${type}, category: user, ${rule}}}}}\n`,
      });
    await expect(table('account', 'id', 'text')).rejects.toMatchObject({
      exitCode: 6,
      code: 'pseudonym-in-key',
    });
    await expect(table('account', 'boss', 'text')).rejects.toMatchObject({ code: 'pseudonym-in-key' });
    await expect(table('account', 'n', 'integer')).rejects.toMatchObject({
      exitCode: 2,
      code: 'pseudonym-type',
    });
    await expect(table('card', 'raw', 'bytea')).rejects.toMatchObject({ code: 'pseudonym-type' });
    await expect(table('card', 'gone', 'text')).rejects.toMatchObject({ code: 'column-missing' });
    await expect(table('gone', 'gone', 'text')).rejects.toMatchObject({ code: 'table-missing' });
  });

  test('under another key than the one that was planned, or where the map names other columns by now', async () => {
    await manyRows(1);
    const { id } = await planned();
    const other = pseudonymKeysOf([{ version: 2, secret: randomBytes(32).toString('hex') }])[0];
    await expect(apply(id, { newestKey: () => Promise.resolve(other) })).rejects.toMatchObject({
      exitCode: 6,
      code: 'plan-stale',
      message: expect.stringContaining('key of pseudonyms'),
    });
    await expect(
      apply(id, { map_: map.replace(`note: {`, `note: {${rule}, `).replace(/, erase: \{keep[^}]*\}/, '') }),
    ).rejects.toMatchObject({
      code: 'plan-stale',
    });
    expect(await senders()).toEqual([old('n0')]);
  });
});

test('what somebody else changes meanwhile is kept, and met again by the next pass', async () => {
  await manyRows(30);
  const { id } = await planned({}, 10);
  const other = await connect({ url: platform.url, role: 'test' });
  try {
    await other.query('begin');
    await other.query(`update app.mail set sender = $1 where id = 15`, [old('zoe')]);
    const running = apply(id);
    await waitsForLock();
    await other.query('commit');
    await running;
  } finally {
    await other.end();
  }
  const expected = Array.from({ length: 30 }, (_, n) => fresh(n === 15 ? 'zoe' : `n${n}`));
  expect(await senders()).toEqual(expected);
});

test('killed in the middle, it goes on where it was, and turns nothing twice', async () => {
  await manyRows(40);
  const { id } = await planned({}, 5);
  await db.query('begin');
  await db.query('select from app.mail where id = 22 for update');
  const child = spawn(
    process.execPath,
    [join(projectRoot, 'test/support/pseudonym-child.ts'), platform.url, state.url, secret, map, id],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const ended = once(child, 'exit');
  const second = await connect({ url: platform.url, role: 'test' });
  try {
    await waitsForLock(second);
    child.kill('SIGKILL');
    await ended;
    const { rows } = await second.query(
      `select count(*)::int as done from app.mail where sender like 'p2.%'`,
    );
    expect(rows[0].done).toBe(20);
  } finally {
    await second.end();
    await db.query('rollback');
  }
  const applied = await onceUnlocked(() => apply(id));
  expect(applied.resumedAfter).toBe(0);
  expect(await senders()).toEqual(Array.from({ length: 40 }, (_, n) => fresh(`n${n}`)));
  const { rows } = await state.pool.query(
    `select detail from postern.plan_journal where plan_id = $1 and event = 'done' and step = 0`,
    [id],
  );
  expect(rows[0].detail).toMatchObject({ values: 40, passes: 1 });
});

test('it does not end well while something makes pseudonyms under the older key', async () => {
  await manyRows(1);
  await db.query(`insert into app.log values (1, '${word}', null)`);
  await db.query(`create function app.copy() returns trigger language plpgsql as $$ begin
      insert into app.mail (day, id, sender) values ('2026-02-02', new.id, '${old('late')}'); return new; end $$;
    create trigger copies after update on app.log for each row execute function app.copy()`);
  const { id, inputs } = await planned();
  expect(inputs.triggers).toEqual(['app.log.copies']);
  await expect(apply(id)).rejects.toMatchObject({ exitCode: 7, cause: { code: 'pseudonyms-left' } });
});

test('a text is changed only where a pseudonym is the whole of it', () => {
  const change = (form: 'text' | 'array' | 'json', text: string) => changedText({ form }, text, () => 'NEW');
  expect(change('text', word)).toEqual({ text: 'NEW', values: 1 });
  expect(change('array', `{${word},${word}}`)).toEqual({ text: '{NEW,NEW}', values: 2 });
  expect(change('array', `{"x\\",${word},y",${word}a}`).values).toBe(0);
  expect(change('json', `["${word}", "${word}"]`)).toEqual({ text: '["NEW", "NEW"]', values: 2 });
  expect(change('json', `["say \\"${word}"]`).values).toBe(0);
});

/** Until some session waits for another one's lock. */
async function waitsForLock(by: Client = db): Promise<void> {
  for (;;) {
    const { rows } = await by.query(`select from pg_locks where not granted`);
    if (rows.length > 0) return;
  }
}
