import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import { type Catalog, readCatalog } from '../../../src/lib/platform/catalog/index.ts';
import {
  type DataMap,
  type Finding,
  lintDataMap,
  lintRules,
  readDataMap,
} from '../../../src/lib/platform/map/index.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { platformMap, platformSql } from './fixture.ts';

interface Case {
  readonly rule: string;
  readonly when: string;
  /** Text in the map, and what it becomes. */
  readonly change?: readonly [from: string, to: string];
  /** A change of the database. */
  readonly sql?: string;
  /** Part of the one message of this rule; absent: the rule stays quiet. */
  readonly says?: string;
}

const cases: readonly Case[] = [
  {
    rule: 'MAP01',
    when: 'a mapped table is gone',
    sql: 'drop table public.contact_timeline',
    says: 'no table public.contact_timeline',
  },
  {
    rule: 'MAP02',
    when: 'a field is no column',
    change: ['phone: {', 'fone: {'],
    says: 'public.contacts has no column fone',
  },
  {
    rule: 'MAP02',
    when: 'a referenced column is none',
    change: ['public.contacts.email, kind', 'public.contacts.mail, kind'],
    says: 'public.contacts has no column mail',
  },
  {
    rule: 'MAP02',
    when: 'the retention starts at no column',
    change: ['from: received_at', 'from: came_at'],
    says: 'no column came_at',
  },
  { rule: 'MAP02', when: 'an object is no column' },
  {
    rule: 'MAP03',
    when: 'a type differs',
    change: ['meta: {type: jsonb', 'meta: {type: json'],
    says: 'meta is jsonb in the database, not json',
  },
  {
    rule: 'MAP03',
    when: 'an array is called a single value',
    change: ['"text[]", category', 'text, category'],
    says: 'to_addrs is text[]',
  },
  {
    rule: 'MAP03',
    when: 'a length differs',
    change: ['type: varchar', 'type: varchar(40)'],
    says: 'name is character varying(80)',
  },
  {
    rule: 'MAP03',
    when: 'the length is the same by an alias',
    change: ['type: varchar', 'type: VARCHAR( 80 )'],
  },
  {
    rule: 'MAP04',
    when: 'the key differs in order',
    change: ['[tenant_id, email]', '[email, tenant_id]'],
    says: 'has the primary key tenant_id, email',
  },
  {
    rule: 'MAP04',
    when: 'only the first column is named',
    change: ['[tenant_id, email]', '[tenant_id]'],
    says: 'has the primary key tenant_id, email',
  },
  {
    rule: 'MAP04',
    when: 'the database has none',
    sql: 'alter table contacts drop constraint contacts_pkey',
    says: 'has no primary key',
  },
  {
    rule: 'MAP04',
    when: 'a UNIQUE constraint stands in for it',
    sql: 'alter table contacts drop constraint contacts_pkey, add unique (tenant_id, email)',
  },
  {
    rule: 'MAP05',
    when: 'there is no primary key in the map',
    change: ['    primary_key: [account_id]\n', ''],
    says: 'public.subject_keys has no primary_key',
  },
  {
    rule: 'MAP06',
    when: 'a reference leads outside',
    change: ['public.contacts.email, kind', 'public.people.email, kind'],
    says: 'public.people is neither mapped nor ignored',
  },
  {
    rule: 'MAP06',
    when: 'a reference leads to what is ignored',
    change: ['public.contacts.email, kind', 'public.schema_migrations.version, kind'],
  },
  {
    rule: 'MAP06',
    when: 'a reference leads to two tables',
    change: [
      'column: sender_ref, to: public.contacts.email',
      'column: [sender_ref, size], to: [public.contacts.email, public.audit.id]',
    ],
    says: 'cannot lead to public.contacts and public.audit',
  },
  {
    rule: 'MAP07',
    when: 'ownership goes round',
    change: [
      '    non_personal: [name]',
      '    non_personal: [name]\n    references: [{column: name, to: public.mailboxes.id, kind: soft}]',
    ],
    says: 'public.tenants → public.mailboxes → public.accounts → public.tenants',
  },
  {
    rule: 'MAP07',
    when: 'the owner is named and the way back is another reference',
    change: [
      '    non_personal: [name]',
      '    owner: nobody\n    non_personal: [name]\n    references: [{column: name, to: public.mailboxes.id, kind: soft}]',
    ],
  },
  {
    rule: 'MAP08',
    when: 'a new table comes',
    sql: 'create table public.notes (id int primary key)',
    says: 'the table public.notes is neither',
  },
  {
    rule: 'MAP08',
    when: 'a materialised view stores a copy',
    sql: 'create materialized view public.copy as select 1 as x',
    says: 'stores a copy',
  },
  {
    rule: 'MAP08',
    when: 'a partition or a view comes',
    sql: `create table audit_2026 partition of audit for values from ('2026-01-01') to ('2027-01-01'); create view v as select 1 as x`,
  },
  {
    rule: 'MAP08',
    when: 'the new table’s schema is ignored',
    change: ['reason: no personal data}', 'reason: no personal data}\n  - {schema: jobs, reason: queue}'],
    sql: 'create schema jobs; create table jobs.job (id int)',
  },
  {
    rule: 'MAP09',
    when: 'a table is mapped and ignored',
    change: ['table: public.schema_migrations', 'table: public.audit'],
    says: 'public.audit is mapped and ignored',
  },
  {
    rule: 'MAP10',
    when: 'a field has no erase',
    change: ['email, identity: contact.email, erase: set-null', 'email, identity: contact.email'],
    says: 'contact_email holds personal data and has no erase',
  },
  {
    rule: 'MAP10',
    when: 'a path has no erase',
    change: ['{category: user.contact, erase: {redact: node}}', '{category: user.contact}'],
    says: '$.old of change has no erase',
  },
  {
    rule: 'MAP10',
    when: 'the rows of an exclusive table go anyway',
    change: ['category: user.content}', 'category: user.content, parser: text}'],
  },
  {
    rule: 'MAP10',
    when: 'an exclusive table keeps its rows',
    change: ['category: user.content}\n', 'category: user.content}\n    erase: restrict\n'],
    says: 'name holds personal data',
  },
  {
    rule: 'MAP11',
    when: 'something is TODO',
    change: ['category: user.name', 'category: TODO'],
    says: 'category is still TODO',
  },
  {
    rule: 'MAP11',
    when: 'a whole part is TODO',
    change: ['retention: {keep: P2Y}', 'retention: TODO'],
    says: 'retention is still TODO',
  },
  { rule: 'MAP11', when: 'TODO is a part of a reason', change: ['no personal data', 'not a TODO'] },
  {
    rule: 'MAP12',
    when: 'a template names no column',
    change: ['{tenant_id}/{id}.eml', '{tenant}/{id}.eml'],
    says: 'names tenant, which is no column',
  },
  {
    rule: 'MAP12',
    when: 'a brace is open',
    change: ['{tenant_id}/{id}.eml', '{tenant_id}/{id.eml'],
    says: 'do not match',
  },
  {
    rule: 'MAP12',
    when: 'a template is the same for every row',
    change: ['{tenant_id}/{id}.eml', '{{tenant_id}}.eml'],
    says: 'the same for every row',
  },
  {
    rule: 'MAP13',
    when: 'the key’s column is none',
    change: ['subject_keys.dek', 'subject_keys.kek'],
    says: 'no column public.subject_keys.kek',
  },
  {
    rule: 'MAP14',
    when: 'a step is no reference',
    change: ['by: mailbox.owner', 'by: mailbox.user'],
    says: 'public.mailboxes has no reference called user',
  },
  {
    rule: 'MAP14',
    when: 'the way ends where no key is',
    change: ['by: mailbox.owner', 'by: sender'],
    says: 'to which public.subject_keys has no reference',
  },
  {
    rule: 'MAP15',
    when: 'a trigger is not listed',
    sql: 'create trigger more before delete on messages for each row execute function note()',
    says: 'public.messages.more is not listed',
  },
  {
    rule: 'MAP15',
    when: 'a trigger on a partition alone is not listed',
    sql: 'create trigger own after delete on audit_2025 for each row execute function note()',
    says: 'public.audit_2025.own is not listed',
  },
  {
    rule: 'MAP15',
    when: 'a disabled trigger is not listed',
    change: ['  public.audit.audited: {effect: none}\n', ''],
    sql: 'alter table audit disable trigger audited',
    says: 'disabled now',
  },
  {
    rule: 'MAP16',
    when: 'a listed trigger is gone',
    sql: 'drop trigger audited on audit',
    says: 'no trigger public.audit.audited',
  },
  {
    rule: 'MAP17',
    when: 'no field has an identity',
    change: ['user: {identities: {account: {}}}', 'user: {identities: {account: {}, phone: {}}}'],
    says: 'user.phone',
  },
  {
    rule: 'MAP18',
    when: 'a field has an identity of nobody',
    change: ['identity: user.account', 'identity: user.acount'],
    says: 'no subject has the identity user.acount',
  },
  {
    rule: 'MAP19',
    when: 'a shared table has no erase',
    change: ['    erase: {when_last_owner: delete, else: detach}\n', ''],
    says: 'erase needs',
  },
  {
    rule: 'MAP19',
    when: 'a shared table has no else',
    change: ['when_last_owner: delete, else: detach', 'when_last_owner: delete'],
    says: 'erase needs',
  },
  {
    rule: 'MAP19',
    when: 'a shared table is deleted from',
    change: ['{when_last_owner: delete, else: detach}', 'delete'],
    says: 'erase needs',
  },
  {
    rule: 'MAP19',
    when: 'a shared table only detaches',
    change: ['{when_last_owner: delete, else: detach}', 'detach'],
  },
  {
    rule: 'MAP20',
    when: 'a table with personal data has no retention',
    change: ['    retention: {keep: P2Y}\n', ''],
    says: 'public.contact_timeline has no retention',
  },
  { rule: 'MAP20', when: 'a table without personal data has none' },
  {
    rule: 'MAP21',
    when: 'a table with personal data has no legal basis',
    change: [
      '    legal_basis: legitimate-interests\n    retention: {keep: P2Y}\n',
      '    retention: {keep: P2Y}\n',
    ],
    says: 'public.contact_timeline has no legal_basis',
  },
  {
    rule: 'MAP22',
    when: 'a column comes',
    sql: 'alter table messages add bcc text',
    says: 'the column bcc (text) of public.messages',
  },
  {
    rule: 'MAP23',
    when: 'an ignored table holds on to rows',
    sql: 'alter table schema_migrations add account uuid references accounts',
    says: 'public.schema_migrations, outside the map, forbids deletes from public.accounts',
  },
  {
    rule: 'MAP23',
    when: 'an ignored table lets go',
    sql: 'alter table schema_migrations add account uuid references accounts on delete set null',
  },
  {
    rule: 'MAP24',
    when: 'elements of no array are redacted',
    change: ['parser: rfc5322, erase: {redact: address}', 'parser: rfc5322, erase: {redact: element}'],
    says: 'is for arrays',
  },
  {
    rule: 'MAP24',
    when: 'there are paths in a text',
    change: ['change: {type: jsonb', 'change: {type: text'],
    says: 'paths are for json',
  },
  {
    rule: 'MAP24',
    when: 'no parser finds the addresses',
    change: ['parser: rfc5322, erase', 'category: user.contact, erase'],
    says: 'needs a parser',
  },
  {
    rule: 'MAP24',
    when: 'what is not encrypted is shredded',
    change: ['category: user.contact.phone_number', 'category: user.contact.phone_number, erase: shred'],
    says: 'shred is for fields that are encrypted',
  },
  {
    rule: 'MAP24',
    when: 'a node of no JSON is redacted',
    change: [
      'category: user.contact.phone_number',
      'category: user.contact.phone_number, erase: {redact: node}',
    ],
    says: 'is for json',
  },
  {
    rule: 'MAP25',
    when: 'no identity leads to personal data',
    change: [
      'references: [{as: who, column: actor, to: public.accounts.id, kind: soft}]',
      'fields: {actor: {type: uuid, category: user.unique_id, erase: set-null}}',
    ],
    says: 'public.audit holds personal data that no identity leads to',
  },
  {
    rule: 'MAP26',
    when: 'a trigger writes outside',
    change: ['to: public.contact_timeline', 'to: public.elsewhere'],
    says: 'public.elsewhere, to which',
  },
  {
    rule: 'MAP26',
    when: 'a trigger without effect writes nowhere',
    change: ['audited: {effect: none}', 'audited: {effect: none, to: public.elsewhere}'],
  },
  {
    rule: 'MAP27',
    when: 'an ignored table is gone',
    sql: 'drop table schema_migrations',
    says: 'no table public.schema_migrations',
  },
  {
    rule: 'MAP27',
    when: 'an ignored schema is none',
    change: ['reason: no personal data}', 'reason: no personal data}\n  - {schema: jobs, reason: queue}'],
    says: 'no schema jobs',
  },
  {
    rule: 'MAP27',
    when: 'a view is ignored',
    change: [
      'reason: no personal data}',
      'reason: no personal data}\n  - {table: public.senders, reason: a view}',
    ],
  },
  {
    rule: 'MAP28',
    when: 'a foreign key is new',
    sql: 'alter table contact_timeline add by_id uuid references accounts',
    says: 'contact_timeline_by_id_fkey from public.contact_timeline (by_id)',
  },
  {
    rule: 'MAP28',
    when: 'a foreign key is gone',
    sql: 'alter table messages drop constraint messages_mailbox_id_fkey',
    says: 'no foreign key from public.messages (mailbox_id)',
  },
  {
    rule: 'MAP29',
    when: 'the owner is no reference',
    change: ['owner: owner\n', 'owner: user\n'],
    says: 'no reference called user',
  },
  {
    rule: 'MAP29',
    when: 'two references have the owner’s name',
    change: ['{column: parent_id,', '{as: owner, column: parent_id,'],
    says: '2 references called owner',
  },
  {
    rule: 'MAP30',
    when: 'null is not allowed',
    change: [
      'to_addrs: {type: "text[]", category: user.contact.email, identity: contact.email, erase: {redact: element}}',
      'to_addrs: {type: "text[]", category: user.contact.email, identity: contact.email, erase: set-null}',
    ],
    says: 'to_addrs is NOT NULL',
  },
  {
    rule: 'MAP31',
    when: 'a rule turns deletes away',
    sql: 'create rule no_delete as on delete to contacts do instead nothing',
    says: 'the rule no_delete rewrites every delete',
  },
  {
    rule: 'MAP31',
    when: 'a rule looks at inserts only',
    sql: 'create rule no_insert as on insert to contacts do instead nothing',
  },
];

describe('the lint of the data map', () => {
  let database: TestDatabase;
  let client: Client;
  let map: DataMap;
  let catalog: Catalog;
  beforeAll(async () => {
    database = await testDatabase();
    client = await connect({ url: database.url, role: 'test' });
    await client.query(platformSql);
    ({ map } = await readDataMap(platformMap, 'fixture'));
    catalog = await readCatalog(client);
  });
  afterAll(async () => {
    await client?.end();
    await database?.drop();
  });

  const changed = async ({ change, sql }: Case): Promise<readonly Finding[]> => {
    const [from, to] = change ?? ['', ''];
    expect(platformMap).toContain(from);
    const { map: other } = await readDataMap(
      platformMap.replace(from, () => to),
      'fixture',
    );
    if (sql === undefined) return lintDataMap(other, catalog);
    await client.query('begin');
    try {
      await client.query(sql);
      return lintDataMap(other, await readCatalog(client));
    } finally {
      await client.query('rollback');
    }
  };

  it('finds nothing in a map that fits, with a database and without', () => {
    expect(lintDataMap(map, catalog)).toEqual([]);
    expect(lintDataMap(map)).toEqual([]);
  });

  it.each(cases.filter(({ says }) => says !== undefined))('$rule fires when $when', async (item) => {
    const found = (await changed(item)).filter(({ rule }) => rule === item.rule);
    expect(found.map(({ message }) => message)).toEqual([expect.stringContaining(item.says ?? '')]);
    expect(found[0]?.path.length).toBeGreaterThan(0);
    expect(found[0]?.severity).toBe(lintRules.find(({ id }) => id === item.rule)?.severity);
  });

  it.each(cases.filter(({ says }) => says === undefined))('$rule stays quiet when $when', async (item) => {
    expect((await changed(item)).filter(({ rule }) => rule === item.rule)).toEqual([]);
  });

  it('has a case that fires for every rule, and a number for each', () => {
    const ids = lintRules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const firing = new Set(cases.filter(({ says }) => says !== undefined).map(({ rule }) => rule));
    expect([...firing].sort()).toEqual(ids);
  });

  it('asks nothing of the database without one', () => {
    expect(lintDataMap(parse(platformMap.replaceAll('public.', 'nowhere.')) as DataMap)).toEqual([]);
  });
});
