import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, withConnection } from '../../src/lib/base/postgres.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { readDataMap } from '../../src/lib/platform/map/index.ts';
import { type FindOptions, findPerson } from '../../src/lib/subject/find/index.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

/** A platform of two tenants; every table holds Ann in one way or another, beside somebody who is not Ann. */
const schema = `
create schema app;
create table app.tenant (id int primary key, contact text);
create table app.account (
  tenant_id int not null references app.tenant, id int primary key, email text, email_key text, name text
);
create table app.alias (id int primary key, account_id int references app.account, address text);
create table app.box (id int primary key, account_id int references app.account);
create table app.mail (
  tenant_id int, id int primary key, box_id int references app.box, recipients text[], head text, raw bytea,
  meta jsonb, object_key text
);
create table app.part (id int primary key, mail_id int references app.mail, object_key text);
create table app.card (id int primary key, tenant_id int, account_id int references app.account, email text, phone text);
create table app.card_change (id int primary key, card_id int, was text);
create table app.log (day date, id int, account_id int, line text, primary key (day, id));
create table app.invoice (tenant_id int, number text, email text, primary key (tenant_id, number));
insert into app.tenant values (1, 'ann@example.org'), (2, 'boss@example.org');
insert into app.account values
  (1, 10, 'Ann@Example.org', 'ann@example.org', 'Ann'), (1, 11, 'joann@example.org', 'joann@example.org', 'Jo'),
  (2, 20, 'bob@example.org', 'bob@example.org', 'Bob'), (1, 12, 'office@example.org', 'office@example.org', 'O');
insert into app.alias values (1, 10, 'a.nn@xn--mnster-3ya.example'), (2, 11, 'jo@example.org'), (3, 10, 'press@example.org');
insert into app.box values (100, 10), (101, 10), (110, 11), (200, 20);
insert into app.mail values
  (1, 1, 100, '{bob@example.org}', 'From: x', null, '{}', 'k1'),
  (1, 2, 101, '{ann+news@example.org,z@z.example}', 'x', null, '{}', null),
  (2, 3, 200, '{"PRESS@EXAMPLE.ORG"}', 'x', null, '{}', 'k3'),
  (2, 4, 200, '{}', 'To: "Ann" <ANN@example.org>, b@b.example', null, '{}', null),
  (2, 5, 200, '{}', 'x', convert_to('Cc: ann@example.org', 'UTF8') || '\\xff'::bytea, '{}', null),
  (2, 6, 200, '{}', 'x', null, '{"to": [{"a": "ann@example.org"}, {"a": "b@b.example"}]}', null),
  (2, 7, 200, '{}', 'To: ann@example.org.uk, joann@example.org, ann@example.organic, x-ann@example.org', null, '{}', null),
  (2, 8, 200, '{annexample.org}', 'seen at ann@example.org.', null, '{"note": "ann@example.org"}', null);
insert into app.part values (1, 1, 'p1'), (2, 3, 'p2'), (3, 2, null);
insert into app.card values
  (1, 1, 10, 'carl@c.example', '+49 30 123'), (2, 2, 20, 'ann@example.org', '+49 (30) 123'),
  (3, 2, 20, 'dora@d.example', '004930 123'), (4, 1, 11, 'ann@münster.example', null);
insert into app.card_change values (1, 1, 'old@c.example'), (2, 3, 'Ann@example.org ');
insert into app.log values ('2026-01-01', 1, 10, 'login'), ('2026-01-01', 2, 11, 'login'), ('2026-01-02', 1, 20, '-ann@example.org.mbox.gz--');
insert into app.invoice values (1, 'R-1', 'ann@example.org'), (2, 'R-1', 'bob@example.org');
`;

const map = `version: 1
subjects:
  user: {identities: {id: {}, email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag, dots]}}}
  contact:
    identities:
      email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag, dots]}
      phone: {normalise: [digits]}
tables:
  app.tenant:
    primary_key: [id]
    tenant: id
    ownership: third-party
    fields: {contact: {type: text, category: user.contact.email, identity: user.email}}
  app.account:
    primary_key: [id]
    tenant: tenant_id
    ownership: exclusive
    references: [{column: tenant_id, to: app.tenant.id, kind: fk}]
    fields:
      id: {type: integer, category: user.unique_id, identity: user.id}
      email: {type: text, category: user.contact.email, identity: user.email}
      email_key: {type: text, category: user.contact.email, identity: user.email}
      name: {type: text, category: user.name}
  app.alias:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {address: {type: text, category: user.contact.email, identity: user.email}}
  app.box:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
  app.mail:
    primary_key: [id]
    tenant: tenant_id
    ownership: shared
    owner: box
    references: [{column: box_id, to: app.box.id, kind: fk}]
    fields:
      recipients: {type: 'text[]', category: user.contact.email, identity: contact.email}
      head: {type: text, parser: rfc5322, category: user.contact.email}
      raw: {type: bytea, parser: rfc5322, category: user.content}
      meta: {type: jsonb, paths: {'$.to[*].a': {category: user.contact.email, identity: contact.email}}}
      object_key: {type: text, object: {bucket: mail, key: '{object_key}', format: eml}}
  app.part:
    primary_key: [id]
    ownership: shared
    references: [{column: mail_id, to: app.mail.id, kind: fk}]
    fields: {object_key: {type: text, object: {bucket: mail, key: '{object_key}', format: binary}}}
  app.card:
    primary_key: [id]
    tenant: tenant_id
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      email: {type: text, category: user.contact.email, identity: contact.email}
      phone: {type: text, category: user.contact.phone_number, identity: contact.phone}
  app.card_change:
    primary_key: [id]
    ownership: exclusive
    references: [{column: card_id, to: app.card.id, kind: soft}]
    fields: {was: {type: text, category: user.contact.email, identity: contact.email}}
  app.log:
    primary_key: [day, id]
    ownership: third-party
    references: [{column: account_id, to: app.account.id, kind: soft}]
    fields: {line: {type: text, parser: text, category: user.behavior}}
  app.invoice:
    primary_key: [tenant_id, number]
    tenant: tenant_id
    ownership: third-party
    fields: {email: {type: text, category: user.contact.email, identity: user.email}}
`;

let database: TestDatabase;
let db: Client;

beforeAll(async () => {
  database = await testDatabase();
  await withConnection({ url: database.url, role: 'test' }, (client) => client.query(schema));
});
afterAll(async () => {
  await database.drop();
});

async function find(
  who: string | readonly string[],
  own: Partial<FindOptions> = {},
  edit = (text: string) => text,
) {
  db = await openPlatform(database.url);
  try {
    const { map: parsed } = await readDataMap(edit(map), 'map.yaml');
    const { signal } = new AbortController();
    return await findPerson(db, parsed, { who: [who].flat(), tenant: undefined, signal, ...own });
  } finally {
    await db.end();
  }
}

const lines = ({ rows }: Awaited<ReturnType<typeof find>>) =>
  rows.map(({ table, tenant, class: whose, rows: count, objects }) =>
    [table.slice(4), tenant ?? '-', whose, count, ...(objects === 0 ? [] : [`${objects} objects`])].join(' '),
  );

const ann = [
  'tenant 1 mention 1',
  'account 1 own 1',
  'alias - own 2',
  'box - own 2',
  // 1 and 2 lie in her boxes; 3 to 6 and 8 name her, in an array, a header, bytes, a document, and before a full stop.
  'mail 1 shared 2 1 objects',
  'mail 2 mention 5',
  'part - shared 2 1 objects',
  'card 1 own 1',
  // By her address, and by a domain in its other form.
  'card 1 mention 1',
  'card 2 mention 1',
  'card_change - own 1',
  'card_change - mention 1',
  'log - mention 2',
  'invoice 1 mention 1',
];

describe('what is found of a person', () => {
  test.each([
    'ann@example.org',
    ' ANN@EXAMPLE.ORG ',
    'ann+shop@example.org',
    'press@example.org',
    'ann@münster.example',
    'user.id=10',
    'contact.email=a.nn@example.org',
  ])('is the same by every name: %s', async (who) => {
    const found = await find(who);
    expect(found).toMatchObject({
      verdict: 'found',
      persons: [{ table: 'app.account', key: ['10'], tenant: '1' }],
      unasked: [],
    });
    expect(lines(found)).toEqual(ann);
  });

  test('is counted in one tenant, where one is named', async () => {
    const found = await find('ann@example.org', { tenant: '2' });
    expect(found.verdict).toBe('mentioned');
    expect(lines(found)).toContain('mail 2 mention 4');
    expect(lines(found).filter((line) => / 1 (own|shared|mention)/.test(line))).toEqual([]);
  });

  test('goes no further by a telephone number, which an office shares', async () => {
    const found = await find('contact.phone=+49 30 123');
    expect(found).toMatchObject({ verdict: 'mentioned', names: [{ kind: 'phone', values: 1 }] });
    expect(lines(found)).toEqual(['card 1 mention 1', 'card 2 mention 1']);
  });

  test('is nothing where nobody is there, and names no value', async () => {
    const found = await find(`o'connor+".*\\$%@example.org`);
    expect(found).toMatchObject({ verdict: 'none', rows: [], persons: [] });
    expect(JSON.stringify(await find('ann@example.org'))).not.toMatch(/@|\+49/);
  });

  test('is several persons where an alias leads to another account, which is said and not guessed', async () => {
    await withConnection({ url: database.url, role: 'test' }, (client) =>
      client.query(`insert into app.alias values (9, 12, 'press@example.org')`),
    );
    try {
      const found = await find('ann@example.org');
      expect(found.verdict).toBe('ambiguous');
      expect(found.persons.map(({ key }) => key)).toEqual([['10'], ['12']]);
    } finally {
      await withConnection({ url: database.url, role: 'test' }, (client) =>
        client.query('delete from app.alias where id = 9'),
      );
    }
  });

  test('leaves out a table that may not be read, says so, and counts the others', async () => {
    const found = await find('ann@example.org', {}, (text) => text.replace('app.invoice:', 'app.nothing:'));
    expect(found.unasked).toEqual([
      { source: 'app.nothing', reason: expect.stringContaining('does not exist') },
    ]);
    expect(lines(found)).toEqual(ann.filter((line) => !line.startsWith('invoice')));
  });
});

test('a map that calls something an identity that everybody has is refused, and sweeps nobody in', async () => {
  await withConnection({ url: database.url, role: 'test' }, (client) =>
    client.query(
      `insert into app.account select 2, 1000 + n, 'everybody@example.org', 'e', 'E' from generate_series(1, 1100) n`,
    ),
  );
  await expect(find('everybody@example.org')).rejects.toMatchObject({
    code: 'subject-too-broad',
    exitCode: 6,
  });
  await withConnection({ url: database.url, role: 'test' }, (client) =>
    client.query('delete from app.account where id > 1000'),
  );
});

test('an alias that an account owns in one of two ways leads to it in either', async () => {
  const owners = (text: string) =>
    text.replace(
      /  app.alias:[^]*?(?=  app\.box:)/,
      `  app.alias:
    primary_key: [id]
    ownership: exclusive
    owner: [login, account]
    references:
      - {as: login, column: address, to: app.account.email_key, kind: soft, fold: lower}
      - {column: account_id, to: app.account.id, kind: fk}
    fields: {address: {type: text, category: user.contact.email, identity: user.email}}
`,
    );
  expect(lines(await find('a.nn@xn--mnster-3ya.example', {}, owners))).toEqual(ann);
});

test('bad input is told: no address, an identity that the map does not have, nothing', async () => {
  for (const name of ['ann', 'a\0nn@example.org', 'user.id=1\0'])
    await expect(find(name)).rejects.toMatchObject({ code: 'address-invalid', exitCode: 2 });
  await expect(find('user.shoe=43')).rejects.toMatchObject({
    code: 'identity-unknown',
    hints: [expect.stringContaining('contact.phone')],
  });
  await expect(find('user.id= ')).rejects.toMatchObject({ code: 'subject-empty' });
});

test('a server that knows no Unicode normalisation finds the same', async () => {
  const ascii = await testDatabase({ encoding: 'SQL_ASCII' });
  try {
    await withConnection({ url: ascii.url, role: 'test', database: 'foreign' }, (client) =>
      client.query(schema.replaceAll('convert_to(', '(').replaceAll(", 'UTF8')", '::bytea)')),
    );
    const client = await openPlatform(ascii.url);
    try {
      const { map: parsed } = await readDataMap(map, 'map.yaml');
      const { signal } = new AbortController();
      const found = await findPerson(client, parsed, { who: ['ann@example.org'], tenant: undefined, signal });
      expect(lines(found)).toEqual(ann);
    } finally {
      await client.end();
    }
  } finally {
    await ascii.drop();
  }
});
