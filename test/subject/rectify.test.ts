import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { rectifyOutcome, subjectRectify } from '../../src/lib/subject/rectify/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseWorld, wholePlatform } from '../support/erase-world.ts';
import { rectifying, renamed } from './rectify-world.ts';

let world: EraseWorld;
beforeEach(async () => {
  world = await eraseWorld();
});
afterEach(async () => {
  await world.close();
});
const { failing, planOf, rectify } = rectifying(() => world);

describe('a name that changes', () => {
  test('changes in her row, in its normal form beside it, and in what is hers; rows of others stay', async () => {
    const before = await wholePlatform(world);
    const { corrected, inputs } = await rectify();
    const after = await wholePlatform(world);
    expect(after).toEqual({
      ...before,
      account: [
        '(1,10,Anna@New.example,anna@new.example,"Ann Example",)',
        ...(before['account'] ?? []).slice(1),
      ],
      body: ['(1,"To Ann alone")', '(2,"To: Anna@New.example, bob@example.org")', '(3,"To Bob alone")'],
      busy: expect.arrayContaining(['(anna@new.example,1)']),
      mail: (before['mail'] ?? []).map((row) => row.replace('ann+news@example.org', 'Anna@New.example')),
    });
    expect(corrected).toEqual([
      { place: 'app.account.email', rows: 1 },
      { place: 'app.account.email_key', rows: 1 },
      { place: 'app.mail.recipients', rows: 1 },
      { place: 'app.body.content', rows: 1 },
    ]);
    expect(
      inputs.places
        .filter(({ action }) => action === 'leave')
        .map(({ table, column }) => `${table}.${column}`),
    ).toEqual([
      'app.mail.head',
      'app.mail.raw',
      'app.mail.meta',
      'app.card.email',
      'app.card.card',
      'app.log.line',
      'app.check_result.email',
      'app.note.detail',
      'app.seen.email',
      'app.invoice.email',
    ]);
    expect(inputs.toTell).toEqual([
      { kind: 'table', name: 'app.log', rows: 1 },
      { kind: 'table', name: 'app.check_result', rows: 1 },
      { kind: 'table', name: 'app.note', rows: 1 },
      { kind: 'table', name: 'app.seen', rows: 2 },
      { kind: 'table', name: 'app.invoice', rows: 1 },
    ]);
  });

  test('everywhere: in messages, bytes, documents and cards of others too, but for what the map keeps', async () => {
    const { inputs, corrected } = await rectify({ everywhere: true });
    const after = await wholePlatform(world);
    const all = JSON.stringify({ ...after, invoice: [], card_change: [] }).toLowerCase();
    expect(all.replaceAll(/joann@example|x-ann@example|ann@example\.org\.uk/g, '')).not.toContain(
      'ann@example.org',
    );
    expect(after['mail']).toEqual(
      expect.arrayContaining(
        [
          `(2,4,200,2,{},"To: ""Ann Example"" <Anna@New.example>,\r\n b@b.example\r\nX: y",,{},)`,
          '(2,6,200,,{},x,,"{""to"": [{""a"": ""Anna@New.example""}, {""a"": ""b@b.example""}]}",)',
          '(2,7,200,,"{joann@example.org,ann@example.org.uk}","To: ann@example.org.uk, joann@example.org, x-ann@example.org",,{},)',
        ].map((row) =>
          row.startsWith('(2,7') ? expect.stringContaining('joann@example.org,ann@example.org.uk') : row,
        ),
      ),
    );
    expect(after['card']?.[1]).toContain('EMAIL:Anna@New.example');
    expect(after['card']?.[1]).toContain('Ann Example');
    expect(after['invoice']?.[0]).toContain('ann@example.org');
    // What the trigger wrote of the old row is not the person's name any more either.
    expect(after['card_change']?.join(' ')).not.toContain('"ann@example.org"');
    expect(inputs.triggers).toEqual([
      { name: 'app.card.note_card', effect: 'copies-pii', to: ['app.card_change'] },
    ]);
    expect(inputs.places).toContainEqual({
      table: 'app.invoice',
      column: 'email',
      whose: 'others',
      rows: 1,
      action: 'keep',
    });
    expect(corrected).toContainEqual({ place: 'app.mail.raw', rows: 1 });
  });

  test('done again it finds nothing; by the new name what is left of the old one is found', async () => {
    await rectify();
    expect(await failing({})).toMatchObject({ code: 'name-taken' });
    const again = { ...renamed, who: ['anna@new.example'] };
    expect(await failing({ values: again })).toMatchObject({ code: 'rectify-nothing' });
    const { corrected } = await rectify({ values: again, everywhere: true });
    expect(corrected).toContainEqual({ place: 'app.card.email', rows: 1 });
  });

  test('within one tenant changes nothing of another one', async () => {
    const { corrected } = await rectify({ everywhere: true, tenant: '1' });
    const after = await wholePlatform(world);
    expect(after['card']?.[1]).toContain('ann@example.org');
    expect(after['account']?.[0]).toContain('Anna@New.example');
    expect(corrected?.filter(({ place }) => place.startsWith('app.mail'))).toEqual([
      { place: 'app.mail.recipients', rows: 1 },
    ]);
  });

  test('an alias changes alone', async () => {
    await rectify({ values: { ...renamed, from: 'PRESS@example.org', to: 'media@new.example' } });
    expect((await wholePlatform(world))['alias']).toContain('(3,10,media@new.example)');
    expect((await wholePlatform(world))['account']?.[0]).toContain('Ann@Example.org');
  });
});

describe('a field', () => {
  const field = { table: 'app.account', column: 'name' };
  const values = { who: ['ann@example.org'], to: 'Anna "A" Exámple' };

  test('of her own row is set, and nothing else', async () => {
    const before = await wholePlatform(world);
    const { corrected } = await rectify({ field, values });
    expect(corrected).toEqual([{ place: 'app.account.name', rows: 1 }]);
    const after = await wholePlatform(world);
    expect(after['account']?.[0]).toBe('(1,10,Ann@Example.org,ann@example.org,"Anna ""A"" Exámple",)');
    expect({ ...after, account: [] }).toEqual({ ...before, account: [] });
    expect(await failing({ field, values })).toMatchObject({ code: 'rectify-nothing' });
  });

  test.each([
    [{ table: 'app.account', column: 'email' }, /is a name of the person/],
    [{ table: 'app.account', column: 'tenant_id' }, /is no field/],
    [{ table: 'app.nothing', column: 'name' }, /is no field/],
    [{ table: 'app.mail', column: 'head' }, /several persons/],
    [{ table: 'app.card', column: 'card' }, /no plain text/],
    [{ table: 'app.card_change', column: 'was' }, /no plain text/],
  ])('%j cannot be set', async (wrong, message) => {
    expect(await failing({ field: wrong, values })).toMatchObject({
      code: 'rectify-field',
      message: expect.stringMatching(message),
    });
  });
});

test('a name that rows refer to by convention alone is refused, as nobody would be theirs any more', async () => {
  const other = await eraseWorld({
    schema: `${eraseSchema} create table app.quota (login text primary key, used int); insert into app.quota values ('Ann@Example.org', 1), ('bob@example.org', 2);`,
    map: eraseMap.replace(
      '  app.alias:',
      `  app.quota:
    primary_key: [login]
    ownership: exclusive
    references: [{as: account, column: login, to: app.account.email, kind: soft, fold: lower}]
    non_personal: [used]
    erase: delete
  app.alias:`,
    ),
  });
  try {
    expect(await failing({}, other)).toMatchObject({
      code: 'rectify-blocked',
      message: expect.stringMatching(/1 row of app\.quota refer to app\.account\.email by login alone/),
    });
  } finally {
    await other.close();
  }
});

test('rows that refer to the normal form of a name by convention refer to it still', async () => {
  const other = await eraseWorld({
    schema: `${eraseSchema} create table app.quota (id int primary key, login text); insert into app.quota values (1, 'ann@example.org'), (2, 'bob@example.org');`,
    map: eraseMap.replace(
      '  app.alias:',
      `  app.quota:
    primary_key: [id]
    ownership: exclusive
    references: [{as: account, column: login, to: app.account.email_key, kind: soft}]
    fields: {login: {type: text, category: user.contact.email, identity: contact.email, about: false}}
    erase: delete
  app.alias:`,
    ),
  });
  try {
    const { context, plan } = await planOf({}, other);
    await applyPlan(context, subjectRectify, plan.id);
    expect(
      await other.query(
        `select q.id, q.login, a.email from app.quota q join app.account a on a.email_key = q.login order by 1`,
      ),
    ).toMatchObject([
      { id: 1, login: 'anna@new.example', email: 'Anna@New.example' },
      { id: 2, login: 'bob@example.org' },
    ]);
  } finally {
    await other.close();
  }
});

describe('a name that the database makes', () => {
  const made = (expression: string) =>
    eraseWorld({
      schema: `${eraseSchema}
        alter table app.account add local text, add domain text;
        update app.account set local = split_part(email, '@', 1), domain = split_part(email, '@', 2);
        alter table app.account drop email;
        alter table app.account add email text generated always as (${expression}) stored;`,
      map: eraseMap.replace(
        'name: {type: text, category: user.name}\n    erase: delete\n  app.alias',
        'name: {type: text, category: user.name}\n      local: {type: text, category: user.contact.email}\n    non_personal: [domain]\n    erase: delete\n  app.alias',
      ),
    });

  test('of its halves is right when they are', async () => {
    const other = await made("local || '@' || domain");
    try {
      const { context, plan } = await planOf({}, other);
      await applyPlan(context, subjectRectify, plan.id);
      expect(
        await other.query('select local, domain, email, email_key from app.account where id = 10'),
      ).toEqual([
        { local: 'Anna', domain: 'New.example', email: 'Anna@New.example', email_key: 'anna@new.example' },
      ]);
      expect((await rectifyOutcome(other.pool, plan)).corrected).toContainEqual({
        place: 'app.account.local',
        rows: 1,
      });
    } finally {
      await other.close();
    }
  });

  test('of nothing that holds them is refused', async () => {
    const constant = await made("case when id = 10 then 'Ann@Example.org' else id::text || '@y.example' end");
    const padded = await made("trim(local) || '@' || domain");
    try {
      expect(await failing({}, constant)).toMatchObject({
        code: 'rectify-blocked',
        message: expect.stringContaining('app.account.email is made by the database'),
      });
      await padded.query(`update app.account set local = ' ' || local where id = 10`);
      expect(await failing({ values: { ...renamed, to: 'anna@example.org' } }, padded)).toMatchObject({
        code: 'rectify-made',
      });
    } finally {
      await constant.close();
      await padded.close();
    }
  });
});

test('rows by the thousand, in tables with a key of several columns too', { timeout: 60_000 }, async () => {
  await world.query(`insert into app.log select '2026-02-01'::date + n % 7, n, 20, case when n % 5 < 4 then 'saw ann@example.org' else 'nothing' end from generate_series(100, 2099) n;
    insert into app.mail select 1, n, 100, null, '{ann@example.org,b@c.example}', 'x', null, '{}', null from generate_series(100, 1799) n`);
  const { corrected } = await rectify({ everywhere: true });
  expect(corrected).toContainEqual({ place: 'app.log.line', rows: 1601 });
  expect(corrected).toContainEqual({ place: 'app.mail.recipients', rows: 1701 });
  expect(
    await world.query(`select count(*)::int as rows from app.log where line like '%ann@example.org%'`),
  ).toEqual([{ rows: 0 }]);
  expect(
    await world.query(
      `select count(*)::int as rows from app.mail where recipients @> '{Anna@New.example,b@c.example}'`,
    ),
  ).toEqual([{ rows: 1700 }]);
});

test('a name that several share leads to nobody, and stays with them', async () => {
  await world.query(`insert into app.alias values (9, 20, 'press@example.org')`);
  expect(await failing({})).toMatchObject({ code: 'subject-ambiguous' });
  const shared = ['press@example.org'];
  expect(await failing({ values: { ...renamed, shared: ['ANN@example.org'] } })).toMatchObject({
    code: 'name-shared',
  });
  await rectify({ values: { ...renamed, shared } });
  expect(await world.query('select id, email from app.account order by id')).toEqual([
    { id: 10, email: 'Anna@New.example' },
    { id: 11, email: 'joann@example.org' },
    { id: 20, email: 'bob@example.org' },
  ]);
  const aliases = await world.query(
    `select id from app.alias where address = 'press@example.org' order by id`,
  );
  expect(aliases).toContainEqual({ id: 9 });
});
