import { afterEach, describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { type EraseContext, eraseOutcome, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { placeHold, releaseHold } from '../../src/lib/subject/hold/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseHasher, eraseWorld, plannedErase } from '../support/erase-world.ts';

// What the certificate says is counted here once more, from the rows themselves.

let world: EraseWorld;
afterEach(() => world.close());

const annHas = async (sql: string): Promise<EraseWorld> =>
  eraseWorld({
    schema: `${eraseSchema};${sql}`,
    map: eraseMap.replace('triggers:\n', `${moreTables}triggers:\n`),
  });

const moreSchema = `
  create table app.folder (id int primary key, account_id int not null references app.account, parent_id int references app.folder on delete cascade);
  create index on app.folder (parent_id);
  create table app.task (id int primary key, owner_id int not null references app.account, done_by int references app.account on delete set null);
  create table app.doc (id int primary key, d jsonb not null);
  insert into app.folder select n, 10, nullif(n / 2, 0) from generate_series(1, 1200) n;
  insert into app.task values (1, 20, 10), (2, 20, 20);
  insert into app.doc values (1, '{"a": "ann@example.org", "b": "ann@example.org", "c": "ann@example.org"}')`;
const moreTables = `  app.folder:
    primary_key: [id]
    ownership: exclusive
    owner: account
    references:
      - {column: account_id, to: app.account.id, kind: fk}
      - {as: parent, column: parent_id, to: app.folder.id, kind: fk}
  app.task:
    primary_key: [id]
    ownership: exclusive
    owner: owner
    references:
      - {column: owner_id, to: app.account.id, kind: fk}
      - {as: done, column: done_by, to: app.account.id, kind: fk}
  app.doc:
    primary_key: [id]
    ownership: third-party
    fields:
      d:
        type: jsonb
        paths:
          '$.a': {category: user.contact.email, identity: contact.email, erase: {redact: node}}
          '$.b': {category: user.contact.email, identity: contact.email, erase: {keep: for the court}}
          '$.c': {category: user.contact.email, identity: contact.email, erase: {pseudonymise: hmac}}
    erase: redact
`;

async function hold(rows: readonly string[]): Promise<void> {
  const db = await openPlatform(world.url);
  const of = { who: [], tables: [], tenant: undefined, reviewBy: undefined };
  const held = { db, map: world.map, hasher: eraseHasher };
  await placeHold(await world.context(), held, { ...of, rows, case: 'M-1', reason: 'evidence' });
  await db.end();
}

async function certified(planned: Awaited<ReturnType<typeof plannedErase>>, own: Partial<EraseContext> = {}) {
  const { context, plan } = planned;
  const { certificateId = '' } = await applyPlan({ ...context, ...own }, subjectErase, plan.id);
  const { payload } = JSON.parse(await loadCertificate(world.pool, certificateId));
  const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString());
  return { predicate, done: await eraseOutcome(world.pool, plan) };
}

/** Does something once the ledger of erasures was written. */
function whenBegun(context: EraseContext, work: () => Promise<unknown>): Partial<EraseContext> {
  let state: 'before' | 'now' | 'done' = 'before';
  const step = (title: string) => {
    if (title.startsWith('write the erasure')) state = 'now';
    return context.progress.step(title);
  };
  return {
    progress: { ...context.progress, step },
    state: async () => {
      if (state === 'now') {
        state = 'done';
        await work();
      }
      return context.state();
    },
  };
}

describe('the certificate', () => {
  test('counts rows that the database deletes with others, and references that it empties', async () => {
    world = await annHas(moreSchema);
    const { predicate, done } = await certified(await plannedErase(world, 'ann@example.org'));
    const folders = predicate.rows.find(({ tables }: { tables: string[] }) => tables.includes('app.folder'));
    expect(folders.deleted + folders.cascaded).toBe(1200);
    expect(folders.cascaded).toBeGreaterThan(0);
    expect(folders.gone).toBeUndefined();
    expect(done?.rowsDeleted).toBeGreaterThan(1200);
    expect(predicate.references).toEqual([
      { table: 'app.task', key: 'task_done_by_fkey', rows: 1, outcome: 'set-null' },
    ]);
  });

  test('says which places of a document the map keeps, and where a pseudonym stands', async () => {
    world = await annHas(moreSchema);
    const { predicate, done } = await certified(await plannedErase(world, 'ann@example.org'));
    const [{ d } = { d: {} }] = await world.query<{ d: Record<string, string> }>('select d from app.doc');
    expect(d).toEqual({ b: 'ann@example.org', c: expect.stringContaining('@pseudonym.invalid') });
    const pseudonym = 'a pseudonym stands in its place, which is no erasure';
    expect(predicate.kept).toEqual(
      expect.arrayContaining([
        { table: 'app.doc', column: 'd', reason: 'for the court', rows: 1 },
        { table: 'app.doc', column: 'd', reason: pseudonym, rows: 1 },
        { table: 'app.check_result', column: 'email', reason: pseudonym, rows: 1 },
        { table: 'app.body', rows: 1, because: 'others share it' },
      ]),
    );
    expect(done?.left).toEqual([]);
    expect(done?.kept).toContainEqual({ place: 'app.doc', column: 'd', form: 'text', rows: 1 });
  });

  test('says what a hold keeps that came meanwhile, and what that needs', async () => {
    world = await eraseWorld();
    const planned = await plannedErase(world, 'ann@example.org');
    const { predicate, done } = await certified(
      planned,
      whenBegun(planned.context, () => hold(['app.alias=1', 'app.card=1'])),
    );
    expect(predicate.kept).toEqual(
      expect.arrayContaining([
        { table: 'app.alias', rows: 1, because: 'hold', hold: 1 },
        { table: 'app.card', rows: 1, because: 'hold', hold: 1 },
        { table: 'app.account', rows: 1, because: 'what a hold keeps needs it' },
      ]),
    );
    expect(done?.left).toEqual([]);
    expect(done?.kept.map(({ place }) => place)).toContain('app.account');
  });

  test('calls what was missed left, also in a table with a row on hold', async () => {
    world = await eraseWorld({
      schema: `${eraseSchema}; alter table app.alias add note text;
        insert into app.alias values (8, 20, 'b@example.org', 'ann@example.org'), (9, 20, 'c@example.org', 'ann@example.org')`,
      map: eraseMap.replace(
        'fields: {address: {type: text, category: user.contact.email, identity: user.email}}',
        'non_personal: [note]\n    fields: {address: {type: text, category: user.contact.email, identity: user.email}}',
      ),
    });
    await hold(['app.alias=1']);
    const { done } = await certified(await plannedErase(world, 'ann@example.org'));
    expect(done?.left).toContainEqual({ place: 'app.alias', column: 'note', form: 'text', rows: 1 });
  });

  test('finds what a law keeps in a partition', async () => {
    world = await eraseWorld({
      schema: eraseSchema.replace(
        'primary key (tenant_id, number)\n);',
        `primary key (tenant_id, number)\n) partition by list (tenant_id);
         create table app.invoice_1 partition of app.invoice for values in (1); create table app.invoice_2 partition of app.invoice for values in (2);`,
      ),
    });
    const { done } = await certified(await plannedErase(world, 'ann@example.org'));
    expect(done?.left).toEqual([]);
    expect(done?.kept.map(({ place }) => place)).toContain('app.invoice_1');
  });

  test('says of a view that it shows what a hold keeps', async () => {
    world = await eraseWorld();
    await world.query(
      `update app.mail set recipients = '{ann@example.org}' where id = 2; refresh materialized view app.busy`,
    );
    await hold(['app.mail=2']);
    const { done } = await certified(await plannedErase(world, 'ann@example.org'));
    expect(done?.left).toEqual([]);
    expect(done?.kept.map(({ place }) => place)).toContain('app.busy');
  });

  test('counts the older versions of an object that is written anew', async () => {
    world = await eraseWorld();
    const body = 'To: press@example.org, bob@example.org\r\n\r\nhello';
    for (const text of [body, `${body} 2`, 'To: bob@example.org\r\n\r\n3', `${body} 4`])
      await world.store.put('raw/k3.eml', Buffer.from(text));
    const { predicate } = await certified(await plannedErase(world, 'ann@example.org'));
    expect(predicate.rows).toContainEqual({
      step: 'rewrite',
      tables: ['app.mail'],
      rewritten: 1,
      versions: 3,
    });
    const left: string[] = [];
    for await (const { key } of world.store.listVersions('')) left.push(key);
    expect(left).toEqual(['raw/k3.eml', 'raw/k3.eml']);
  });
});

test('rows that refer to the person and came meanwhile do not stand in the way', async () => {
  world = await eraseWorld({
    schema: `${eraseSchema}; create table app.visit (id int primary key, account_id int not null references app.account)`,
    map: eraseMap.replace(
      'triggers:\n',
      `  app.visit:
    primary_key: [id]
    ownership: third-party
    references: [{column: account_id, to: app.account.id, kind: fk}]
    erase: delete
triggers:\n`,
    ),
  });
  const planned = await plannedErase(world, 'ann@example.org');
  const late = `insert into app.visit values (1, 10), (2, 20); update app.account set referrer_id = 10 where id = 20;
    insert into app.invoice values (2, 'R-7', 10, 'bob@example.org', '2026-01-01')`;
  const { predicate } = await certified(
    planned,
    whenBegun(planned.context, () => world.query(late)),
  );
  expect(await world.query('select id, referrer_id from app.account order by id')).toEqual([
    { id: 11, referrer_id: null },
    { id: 20, referrer_id: null },
  ]);
  expect(await world.query('select id from app.visit')).toEqual([{ id: 2 }]);
  expect(await world.query(`select account_id from app.invoice where number = 'R-7'`)).toEqual([
    { account_id: null },
  ]);
  const accounts = predicate.rows.find(
    ({ step, tables }: { step: string; tables: string[] }) =>
      step === 'delete' && tables.includes('app.account'),
  );
  expect(accounts).toEqual({ step: 'delete', tables: ['app.account'], deleted: 1, emptied: 2 });
});

test('what a law keeps is not deleted where it only refers to the person, though the map deletes it', async () => {
  world = await eraseWorld({
    map: eraseMap
      .replace(/(email: \{type: text.*?)(, erase: \{keep: invoices.*?\})\}/, '$1, erase: {redact: value}}')
      .replace(/(app\.invoice:[\s\S]*?)erase: restrict/, '$1erase: delete'),
  });
  await world.query(
    `update app.invoice set email = 'office@example.org' where number = 'R-1' and tenant_id = 1;
     insert into app.invoice values (1, 'R-2', 10, 'ann@example.org', '2026-01-01'), (1, 'R-3', 10, 'ann@example.org', '2001-01-01')`,
  );
  const { predicate } = await certified(await plannedErase(world, 'ann@example.org'));
  const rows = await world.query('select number, account_id from app.invoice where tenant_id = 1 order by 1');
  expect(rows).toEqual([
    { number: 'R-1', account_id: null },
    { number: 'R-2', account_id: null },
  ]);
  expect(predicate.kept).toContainEqual({
    table: 'app.invoice',
    rows: 2,
    because: 'law',
    law: '§ 147 AO',
  });
});

test('a run that ends before it told which hold keeps rows tells it when it goes on', async () => {
  world = await eraseWorld();
  const { context, plan } = await plannedErase(world, 'ann@example.org');
  const begun = whenBegun(context, () => hold(['app.alias=1']));
  const state = async () => {
    const db = await (begun.state?.() ?? context.state());
    return new Proxy(db, {
      get: (of, name) => {
        const value: unknown = Reflect.get(of, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          if (name === 'query' && String(given[0]).includes('hold_deferral')) throw new Error('killed');
          return Reflect.apply(value, of, given) as unknown;
        };
      },
    });
  };
  await expect(applyPlan({ ...context, ...begun, state }, subjectErase, plan.id)).rejects.toThrow('killed');
  await applyPlan(context, subjectErase, plan.id);
  expect(await releaseHold(await world.context(), 1, 'settled')).toMatchObject({ rowsWaiting: 1 });
});
