import { afterEach, describe, expect, test } from 'vitest';
import { type EraseWorld, erasePerson, eraseWorld, plannedErase } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

const erase = (who: string, tenant?: string) => erasePerson(world, who, tenant);

const subjects = `version: 1
subjects:
  user: {identities: {email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
  contact: {identities: {email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
tables:
  app.account:
    primary_key: [id]
    ownership: exclusive
    fields: {email: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
`;
const accounts = `create schema app; create table app.account (id int primary key, email text not null);
  insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');`;

test('an apostrophe within an address is part of it, and around one it is a quotation mark', async () => {
  world = await eraseWorld({
    schema: `${accounts} create table app.log (id int primary key, line text not null, head text not null);
      insert into app.log values (1, 'o''ann@example.org', 'To: O''Ann <o''ann@example.org>'),
        (2, 'not ''ann@example.org''', E'To: ''ann@example.org'' <o''ann@example.org>\\r\\n'), (3, 'user=''ann@example.org'' b''ann@example.org''', 'x');`,
    map: `${subjects}  app.log:
    primary_key: [id]
    ownership: third-party
    fields:
      line: {type: text, parser: text, identity: contact.email, erase: {redact: address}}
      head: {type: text, parser: rfc5322, identity: contact.email, erase: {redact: address}}
    erase: redact
`,
  });
  const done = await erase('ann@example.org');
  expect(await world.query('select id, line, head from app.log order by id')).toEqual([
    { id: 1, line: "o'ann@example.org", head: "To: O'Ann <o'ann@example.org>" },
    { id: 2, line: "not 'erased@erased.invalid'", head: expect.stringContaining("<o'ann@example.org>") },
    { id: 3, line: "user='erased@erased.invalid' b'erased@erased.invalid'", head: 'x' },
  ]);
  // Whoever looks for what is left does not believe it: a person has to look.
  expect(
    done?.left.filter(({ place }) => place === 'app.log').map(({ column, rows }) => [column, rows]),
  ).toEqual([
    ['line', 1],
    ['head', 2],
  ]);
});

test('who signed up with a tag is found in texts without it, and with another', async () => {
  world = await eraseWorld({
    schema: `${accounts} update app.account set email = 'Ann+home@example.org' where id = 1;
      create table app.log (id int primary key, line text not null); create table app.other (id int primary key, line text);
      insert into app.log values (1, 'ann@example.org came'), (2, 'ann+x@example.org came'), (3, 'hann@example.org came');
      insert into app.other values (1, 'to ann@example.org');`,
    map: `${subjects}  app.log:
    primary_key: [id]
    ownership: third-party
    fields: {line: {type: text, parser: text, identity: contact.email, erase: {redact: address}}}
    erase: redact
ignore: [{table: app.other, reason: no personal data}]
`,
  });
  const done = await erase('ann+home@example.org');
  expect(await world.query('select line from app.log order by id')).toEqual([
    { line: 'erased@erased.invalid came' },
    { line: 'erased@erased.invalid came' },
    { line: 'hann@example.org came' },
  ]);
  expect(done?.left).toMatchObject([{ place: 'app.other', column: 'line', rows: 1 }]);
});

test('a list within JSON takes one of several out, and the draft stays with its owner', async () => {
  world = await eraseWorld({
    schema: `${accounts} create table app.draft (id int primary key, account_id int not null references app.account, subject text, meta jsonb not null);
      insert into app.draft values (1, 2, 'Plans', '{"to": ["ann@example.org", "carl@c.example"], "note": "mine"}');`,
    map: `${subjects}  app.draft:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      subject: {type: text, category: user.content}
      meta:
        type: jsonb
        paths:
          '$.to[*]': {category: user.contact.email, identity: contact.email, erase: {redact: node}}
          '$.note': {category: user.content}
    erase: delete
`,
  });
  await erase('ann@example.org');
  expect(await world.query('select subject, meta from app.draft')).toEqual([
    { subject: 'Plans', meta: { to: ['carl@c.example'], note: 'mine' } },
  ]);
});

describe('what is no address of one person', () => {
  const schema = (alias: string) => `${accounts}
    create table app.alias (id int primary key, account_id int not null references app.account, address text not null);
    create table app.log (id int primary key, line text not null);
    insert into app.alias values (1, 1, '${alias}');
    insert into app.log values (1, 'from zed@example.org to @example.org by 1 and ann@example.org');`;
  const map = `${subjects}  app.alias:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {address: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
  app.log:
    primary_key: [id]
    ownership: third-party
    fields: {line: {type: text, parser: text, identity: contact.email, erase: {redact: address}}}
    erase: redact
`;
  test.each(['@example.org', '1', 'example.org'])('an alias %s names nobody else', async (alias) => {
    world = await eraseWorld({ schema: schema(alias), map });
    const done = await erase('ann@example.org');
    expect(await world.query('select line from app.log')).toEqual([
      { line: 'from zed@example.org to @example.org by 1 and erased@erased.invalid' },
    ]);
    expect(done?.left).toEqual([]);
  });
});

test('what stands for an address has room in its column', async () => {
  world = await eraseWorld({
    schema: `${accounts} create table app.invite (id int primary key, email varchar(20) not null unique);
      insert into app.invite values (1, 'ann@example.org'), (2, 'ann+x@example.org'), (3, 'bob@example.org');`,
    map: `${subjects}  app.invite:
    primary_key: [id]
    ownership: third-party
    fields: {email: {type: varchar, category: user.contact.email, identity: contact.email, erase: {redact: value}}}
    erase: redact
`,
  });
  await erase('ann@example.org');
  const rows = await world.query<{ email: string }>('select email from app.invite order by id');
  expect(rows.map(({ email }) => email)).toEqual([
    expect.stringMatching(/^erased-/),
    expect.stringMatching(/^erased-/),
    'bob@example.org',
  ]);
});

test('a text that has no room for what stands in place of an address gets something shorter, or nothing', async () => {
  world = await eraseWorld({
    schema: `${accounts} create domain app.short as varchar(18); create table app.list (id int primary key, rcpt varchar(31), line app.short not null);
      insert into app.list values (1, 'ann@example.org, x@example.org', 'x ann@example.org'), (2, 'ann@example.org,a@b.example.org', 'ann@example.org no');`,
    map: `${subjects}  app.list:
    primary_key: [id]
    ownership: third-party
    fields:
      rcpt: {type: varchar, parser: address-list, category: user.contact.email, identity: contact.email, erase: {redact: address}}
      line: {type: varchar, parser: text, category: user.content, erase: {redact: address}}
    erase: redact
`,
  });
  await erase('ann@example.org');
  expect(await world.query('select * from app.list order by id')).toEqual([
    { id: 1, rcpt: 'e@e.invalid, x@example.org', line: 'x e@e.invalid' },
    { id: 2, rcpt: 'e@e.invalid,a@b.example.org', line: 'e@e.invalid no' },
  ]);
});

test('the address of a contact in somebody’s own row does not make that row the contact', async () => {
  world = await eraseWorld({
    schema: `create schema app; create table app.account (id int primary key, email text not null, recovery text);
      create table app.doc (id int primary key, account_id int not null references app.account, body text not null);
      insert into app.account values (2, 'bob@example.org', 'ann@example.org'); insert into app.doc values (1, 2, 'Bob’s');`,
    map: `version: 1
subjects:
  user: {identities: {email: {normalise: [lower]}}}
  contact: {identities: {email: {normalise: [lower]}}}
tables:
  app.account:
    primary_key: [id]
    ownership: exclusive
    fields:
      email: {type: text, category: user.contact.email, identity: user.email}
      recovery: {type: text, category: user.contact.email, identity: contact.email, erase: set-null}
    erase: delete
  app.doc:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {body: {type: text, category: user.content}}
    erase: delete
`,
  });
  await erase('ann@example.org');
  expect(await world.query('select email, recovery from app.account')).toEqual([
    { email: 'bob@example.org', recovery: null },
  ]);
  expect(await world.query('select id from app.doc')).toHaveLength(1);
});

test('rows of another tenant stay, also where the tenant stands in the row above', async () => {
  world = await eraseWorld({
    schema: `create schema app; create table app.account (tenant int not null, id int primary key, email text not null);
      create table app.mail (tenant int not null, id int primary key, account_id int not null references app.account);
      create table app.part (id int primary key, mail_id int not null references app.mail, body text not null, to_addr text not null);
      insert into app.account values (1, 1, 'ann@example.org'), (1, 3, 'cy@example.org'), (2, 2, 'bob@example.org');
      insert into app.mail values (1, 1, 3), (2, 2, 2);
      insert into app.part values (1, 1, 'to ann@example.org', 'ann@example.org'), (2, 2, 'to ann@example.org', 'ann@example.org');`,
    map: `version: 1
subjects:
  user: {identities: {email: {normalise: [lower]}}}
tables:
  app.account:
    primary_key: [id]
    tenant: tenant
    ownership: exclusive
    fields: {email: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
  app.mail:
    primary_key: [id]
    tenant: tenant
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    erase: delete
  app.part:
    primary_key: [id]
    ownership: shared
    references: [{column: mail_id, to: app.mail.id, kind: fk}]
    fields:
      body: {type: text, parser: text, identity: user.email, erase: {redact: address}}
      to_addr: {type: text, category: user.contact.email, identity: user.email, erase: {replace: gone}}
    erase: {when_last_owner: delete, else: detach}
`,
  });
  await erase('ann@example.org', '1');
  expect(await world.query('select id, body, to_addr from app.part order by id')).toEqual([
    { id: 1, body: 'to erased@erased.invalid', to_addr: 'gone' },
    { id: 2, body: 'to ann@example.org', to_addr: 'ann@example.org' },
  ]);
});

test('a shared row that is held by shared rows goes with the last of them', async () => {
  world = await eraseWorld({
    schema: `${accounts}
      create table app.blob (id int primary key, data text not null);
      create table app.message (id int primary key, blob_id int not null);
      create table app.copy (id int primary key, account_id int not null references app.account, message_id int not null references app.message);
      create table app.part (id int primary key, data text not null);
      create table app.partlist (message_id int not null references app.message, part_id int not null references app.part, primary key (message_id, part_id));
      insert into app.blob values (1, 'of her message'), (2, 'of both messages'), (3, 'to ann@example.org and bob@example.org');
      insert into app.message values (1, 1), (2, 2), (3, 2), (4, 3);
      insert into app.copy values (1, 1, 1), (2, 1, 2), (3, 2, 2), (4, 1, 3), (5, 2, 4), (6, 1, 4);
      insert into app.part values (1, 'hers alone'), (2, 'of both'), (3, 'in two messages');
      insert into app.partlist values (1, 1), (2, 2), (1, 3), (2, 3);`,
    map: `${subjects}  app.blob:
    primary_key: [id]
    ownership: shared
    held_by: app.message.blob_id
    fields: {data: {type: text, parser: rfc5322, identity: contact.email, category: user.content, erase: {redact: address}}}
    erase: {when_last_owner: delete, else: detach}
  app.message:
    primary_key: [id]
    ownership: shared
    held_by: app.copy.message_id
    references: [{column: blob_id, to: app.blob.id, kind: soft}]
    erase: {when_last_owner: delete, else: detach}
  app.copy:
    primary_key: [id]
    ownership: exclusive
    references:
      - {column: account_id, to: app.account.id, kind: fk}
      - {column: message_id, to: app.message.id, kind: fk}
    erase: delete
  app.part:
    primary_key: [id]
    ownership: shared
    held_by: app.partlist.part_id
    fields: {data: {type: text, parser: text, identity: contact.email, category: user.content, erase: {redact: address}}}
    erase: {when_last_owner: delete, else: detach}
  app.partlist:
    primary_key: [message_id, part_id]
    ownership: shared
    owner: message
    references:
      - {column: message_id, to: app.message.id, kind: fk}
      - {column: part_id, to: app.part.id, kind: fk}
    erase: {when_last_owner: delete, else: detach}
`,
  });
  await erase('ann@example.org');
  expect(await world.query('select id from app.message order by id')).toEqual([{ id: 2 }, { id: 4 }]);
  expect(await world.query('select id from app.part order by id')).toEqual([{ id: 2 }, { id: 3 }]);
  expect(await world.query('select id, data from app.blob order by id')).toEqual([
    { id: 2, data: 'of both messages' },
    { id: 3, data: 'to erased@erased.invalid and bob@example.org' },
  ]);
});

test('a value that a foreign key compares is refused before anything is done', async () => {
  world = await eraseWorld({
    schema: `${accounts} create table app.block (email text primary key);
      create table app.hit (id int primary key, email text not null references app.block);
      insert into app.block values ('ann@example.org'), ('bob@example.org'); insert into app.hit values (1, 'ann@example.org');`,
    map: `${subjects}  app.block:
    primary_key: [email]
    ownership: third-party
    fields: {email: {type: text, category: user.contact.email, identity: contact.email, erase: {pseudonymise: hmac}}}
    erase: redact
  app.hit:
    primary_key: [id]
    ownership: third-party
    references: [{column: email, to: app.block.email, kind: fk}]
    fields: {email: {type: text, category: user.contact.email, identity: contact.email, erase: {pseudonymise: hmac}}}
    erase: redact
`,
  });
  await expect(plannedErase(world, 'ann@example.org')).rejects.toMatchObject({ code: 'erase-blocked' });
});
