import type { Case } from './case.ts';

/** About columns and keys of tables. */
export const columnCases: readonly Case[] = [
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
    rule: 'MAP04',
    when: 'a unique index stands in for it',
    sql: 'alter table contacts drop constraint contacts_pkey; create unique index on contacts (tenant_id, email)',
  },
  ...[
    ['leaves out rows', "unique index on contacts (tenant_id, email) where email <> ''"],
    ['compares in another way', 'unique index on contacts (tenant_id, email collate "C")'],
    ['is not unique', 'index on contacts (tenant_id, email)'],
    [
      'has a column that may be NULL',
      'unique index on contacts (tenant_id, email); alter table contacts alter email drop not null',
    ],
  ].map(([how, index]) => ({
    rule: 'MAP04',
    when: `an index ${how}`,
    sql: `alter table contacts drop constraint contacts_pkey; create ${index}`,
    says: 'has no primary key',
  })),
  {
    rule: 'MAP05',
    when: 'there is no primary key in the map',
    change: [
      '    primary_key: [id]\n    ownership: exclusive\n    references: [{column: account_id',
      '    ownership: exclusive\n    references: [{column: account_id',
    ],
    says: 'public.subject_keys has no primary_key',
  },
  {
    rule: 'MAP22',
    when: 'a column comes',
    sql: 'alter table messages add bcc text',
    says: 'the column bcc (text) of public.messages',
  },
];
