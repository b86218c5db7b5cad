import { afterEach, expect, test } from 'vitest';
import { type EraseWorld, erasePerson, eraseWorld } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

// An address book whose entries keep several addresses in one column, as Roundcube's do, and copies of mail.
const schema = `create schema app;
create table app.account (id int primary key, email text not null);
create table app.contact (
  id int primary key, account_id int not null references app.account, name text not null, nick text, email text, extra jsonb
);
create table app.mail (
  id int primary key, account_id int not null references app.account, sender text not null, rcpt text not null, subject text,
  ip inet not null default '192.0.2.1'
);
insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');
insert into app.contact values
  (1, 2, 'Ann Example', 'Annie', 'ann@example.org, ann.private@z.example', null),
  (2, 2, 'Joann Other', 'Jo', 'joann@example.org', null),
  (3, 2, 'Third', 'T', 't@z.example', '{"seen": "met ann@example.org at work", "mails": "t@z.example"}'),
  (4, 2, 'Ann again', 'A', 'x@z.example', '{"mails": "a@z.example ann@example.org"}');
insert into app.mail values
  (1, 2, 'ann@example.org', 'Bob <bob@example.org>', 'Of Ann'),
  (2, 2, 'bob@example.org', 'Ann <ann@example.org>', 'To Ann'),
  (3, 2, 'bob@example.org', 'Carl <carl@z.example>', 'To Carl');`;

const map = `version: 1
subjects:
  user: {identities: {email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
  contact: {identities: {email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
tables:
  app.account:
    primary_key: [id]
    ownership: exclusive
    fields: {email: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
  app.contact:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      name: {type: text, category: user.name}
      nick: {type: text, category: user.name}
      email: {type: text, category: user.contact.email, parser: address-list, about: true, erase: {redact: address}}
      extra:
        type: jsonb
        paths:
          '$.seen': {category: user.content, parser: text, erase: {redact: address}}
          '$.mails': {category: user.contact.email, parser: text, about: true, erase: {redact: address}}
    erase: delete
  app.mail:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      sender: {type: text, category: user.contact.email, identity: contact.email, about: false}
      rcpt: {type: text, category: user.contact.email, parser: address-list, about: false, erase: {redact: address}}
      subject: {type: text, category: user.content}
      # Cannot be emptied, and need not be where a row only names somebody.
      ip: {type: inet, category: user.device.ip_address}
    erase: delete
`;

test('the map says whether a row of somebody else is about whom it names', async () => {
  world = await eraseWorld({ schema, map });
  await erasePerson(world, 'ann@example.org');
  expect(await world.query('select * from app.contact order by id')).toEqual([
    { id: 1, account_id: 2, name: 'erased', nick: null, email: null, extra: null },
    { id: 2, account_id: 2, name: 'Joann Other', nick: 'Jo', email: 'joann@example.org', extra: null },
    {
      id: 3,
      account_id: 2,
      name: 'Third',
      nick: 'T',
      email: 't@z.example',
      extra: { seen: 'met erased@erased.invalid at work', mails: 't@z.example' },
    },
    expect.objectContaining({ id: 4, name: 'erased', nick: null, email: null }),
  ]);
  expect(await world.query('select id, rcpt, subject from app.mail order by id')).toEqual([
    { id: 1, rcpt: 'Bob <bob@example.org>', subject: 'Of Ann' },
    { id: 2, rcpt: '<erased@erased.invalid>', subject: 'To Ann' },
    { id: 3, rcpt: 'Carl <carl@z.example>', subject: 'To Carl' },
  ]);
  expect(await world.query('select sender from app.mail where id = 1')).toEqual([
    { sender: expect.stringMatching(/^erased-[0-9a-f]{16}@erased\.invalid$/) },
  ]);
});

test('a row with the name of its owner is not about whom it names besides', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.sent (
        id int primary key, account_id int not null references app.account, address text not null, bcc text, note text
      );
      create table app.seen (id int primary key, account_id int not null references app.account, address text, note text);
      insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');
      insert into app.sent values (1, 2, 'bob@example.org', 'ann@example.org', 'of Bob'), (2, 2, 'bob@example.org', null, 'too');
      insert into app.seen values (1, 2, 'ann@example.org', 'of Ann'), (2, 2, 'carl@z.example', 'of Carl');`,
    map: `version: 1
subjects:
  user: {identities: {email: {normalise: [lower]}}}
  other: {identities: {email: {normalise: [lower]}}}
tables:
  app.account:
    primary_key: [id]
    ownership: exclusive
    fields: {email: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
  app.sent:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      address: {type: text, category: user.contact.email, identity: user.email}
      bcc: {type: text, category: user.contact.email, identity: other.email, erase: set-null}
      note: {type: text, category: user.content}
    erase: delete
  app.seen:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      address: {type: text, category: user.contact.email, identity: other.email, erase: set-null}
      note: {type: text, category: user.content}
    erase: delete
`,
  });
  const done = await erasePerson(world, 'ann@example.org');
  expect(await world.query('select * from app.sent order by id')).toEqual([
    { id: 1, account_id: 2, address: 'bob@example.org', bcc: null, note: 'of Bob' },
    { id: 2, account_id: 2, address: 'bob@example.org', bcc: null, note: 'too' },
  ]);
  // What has no name of its owner is about whom it names, unless the map says that it is not.
  expect(await world.query('select id, address, note from app.seen order by id')).toEqual([
    { id: 1, address: null, note: null },
    { id: 2, address: 'carl@z.example', note: 'of Carl' },
  ]);
  expect(done?.left).toEqual([]);
});

test('a document with the name of its owner is not about whom it names besides', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (email text primary key);
      create table app.delivery (id int primary key, payload jsonb not null);
      insert into app.account values ('ann@example.org'), ('bob@example.org');
      insert into app.delivery values
        (1, '{"who": {"email": "ann@example.org", "friend": "bob@example.org", "phone": "1"}}'),
        (2, '{"who": {"email": "bob@example.org", "friend": "ann@example.org", "phone": "2"}}'),
        (3, '{"seen": "ann@example.org", "phone": "3", "who": {"email": "bob@example.org"}}');`,
    map: `version: 1
subjects:
  user: {identities: {email: {normalise: [lower]}}}
  other: {identities: {email: {normalise: [lower]}}}
tables:
  app.account: {primary_key: [email], ownership: exclusive, fields: {email: {type: text, category: user.contact.email, identity: user.email}}, erase: delete}
  app.delivery:
    primary_key: [id]
    ownership: exclusive
    references: [{as: who, column: payload, path: $.who.email, to: app.account.email, kind: soft}]
    fields:
      payload:
        type: jsonb
        paths:
          $.who.email: {category: user.contact.email, identity: user.email, erase: {redact: node}}
          $.who.friend: {category: user.contact.email, identity: other.email, erase: {redact: node}}
          $.who.phone: {category: user.contact.phone_number, erase: {redact: node}}
          $.seen: {category: user.contact.email, identity: other.email, about: true, erase: {redact: node}}
          $.phone: {category: user.contact.phone_number, erase: {redact: node}}
    erase: delete
`,
  });
  await erasePerson(world, 'ann@example.org');
  expect(await world.query('select * from app.delivery order by id')).toEqual([
    { id: 2, payload: { who: { email: 'bob@example.org', phone: '2' } } },
    { id: 3, payload: { who: {} } },
  ]);
});

test('rows of somebody else stay where the map does not say what becomes of them', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (email text primary key);
      create table app.campaign (id int primary key, title text not null, excluded jsonb not null, note text);
      insert into app.account values ('ann@example.org'), ('bob@example.org');
      insert into app.campaign values (1, 'June', '["bob@example.org", "ann@example.org"]', 'for ann@example.org'), (2, 'July', '[]', null);`,
    map: `version: 1
subjects:
  user: {identities: {email: {normalise: [lower]}}}
tables:
  app.account: {primary_key: [email], ownership: exclusive, fields: {email: {type: text, category: user.contact.email, identity: user.email}}, erase: delete}
  app.campaign:
    primary_key: [id]
    ownership: third-party
    fields:
      excluded: {type: jsonb, paths: {"$[*]": {category: user.contact.email, identity: user.email, erase: {redact: node}}}}
      note: {type: text, category: user.content, parser: text, erase: {redact: address}}
    non_personal: [title]
`,
  });
  await erasePerson(world, 'ann@example.org');
  expect(await world.query('select * from app.campaign order by id')).toEqual([
    { id: 1, title: 'June', excluded: ['bob@example.org'], note: 'for erased@erased.invalid' },
    { id: 2, title: 'July', excluded: [], note: null },
  ]);
});

test('an entry of an address book goes by an address that stands in a table of its own', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.contact (id int primary key, account_id int not null references app.account, name text, born date);
      create table app.contact_address (id int primary key, contact_id int not null references app.contact, address text);
      insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');
      insert into app.contact values (1, 2, 'Ann', '1990-01-01'), (2, 2, 'Carl', '1991-01-01'), (3, 2, 'Nobody', null);
      insert into app.contact_address values (1, 1, 'ann@example.org'), (2, 1, 'ann@z.example'), (3, 2, 'carl@z.example');`,
    map: `version: 1
subjects:
  user: {identities: {email: {normalise: [lower]}}}
  other: {identities: {email: {normalise: [lower]}}}
tables:
  app.account:
    primary_key: [id]
    ownership: exclusive
    fields: {email: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
  app.contact:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      name: {type: text, category: user.name}
      born: {type: date, category: user.demographic.date_of_birth}
    erase: delete
  app.contact_address:
    primary_key: [id]
    ownership: exclusive
    references: [{column: contact_id, to: app.contact.id, kind: fk}]
    fields:
      address: {type: text, category: user.contact.email, identity: other.email, erase: set-null, about: {by: contact}}
    erase: delete
`,
  });
  const done = await erasePerson(world, 'ann@example.org');
  expect(await world.query('select id, name, born::text from app.contact order by id')).toEqual([
    { id: 1, name: null, born: null },
    { id: 2, name: 'Carl', born: '1991-01-01' },
    { id: 3, name: 'Nobody', born: null },
  ]);
  expect(await world.query('select address from app.contact_address order by id')).toEqual([
    { address: null },
    // Of the same entry.
    { address: null },
    { address: 'carl@z.example' },
  ]);
  expect(done?.left).toEqual([]);
});
