import type { Case } from './case.ts';

/** Of mailboxes, a field that is one half of an address. */
const half = (rest: string): readonly [string, string] => [
  'name: {type: varchar, category: user.content}',
  `name: {type: varchar, category: user.contact.email, identity: contact.email, ${rest}}`,
];

/** About identities of subjects. */
export const identityCases: readonly Case[] = [
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
    rule: 'MAP25',
    when: 'no identity leads to personal data',
    change: [
      'references: [{as: who, column: actor, to: public.accounts.id, kind: soft}]',
      'fields: {actor: {type: uuid, category: user.unique_id, erase: set-null}}',
    ],
    says: 'public.audit holds personal data that no identity leads to',
  },
  {
    rule: 'MAP48',
    when: 'accounts belong to tenants as to a person',
    change: [
      'public.tenants:\n    primary_key: [id]\n    ownership: third-party',
      'public.tenants:\n    primary_key: [id]\n    ownership: exclusive',
    ],
    says: 'public.accounts has names of persons (id, email), and belongs to public.tenants, of which no row is a person',
  },
  {
    rule: 'MAP48',
    when: 'what they belong to has a name of its own',
    change: [
      'public.tenants:\n    primary_key: [id]\n    ownership: third-party\n    non_personal: [name]',
      'public.tenants:\n    primary_key: [id]\n    ownership: exclusive\n    legal_basis: contract\n    retention: {keep: P1Y}\n    fields: {name: {type: text, category: user.name, identity: user.account}}',
    ],
  },
  {
    rule: 'MAP02',
    when: 'the column for the domain is not there',
    change: half('domain: {column: nowhere}'),
    says: 'public.mailboxes has no column nowhere',
  },
  { rule: 'MAP46', when: 'the domain is in the row', change: half('domain: {column: tenant_id}') },
  {
    rule: 'MAP46',
    when: 'the domain is in one row that a foreign key leads to',
    change: half('domain: {column: name, by: owner}'),
  },
  {
    rule: 'MAP46',
    when: 'no reference leads to the domain',
    change: half('domain: {column: name, by: host}'),
    says: 'public.mailboxes has no reference called host',
  },
  {
    rule: 'MAP46',
    when: 'several rows could have the domain',
    change: [
      'headers: {type: text, parser: rfc5322, erase: {redact: address}}',
      'headers: {type: text, category: user, identity: contact.email, domain: {column: phone, by: sender}, erase: set-null}',
    ],
    says: 'sender does not lead to one row of a mapped table',
  },
  {
    rule: 'MAP46',
    when: 'half an address is no text',
    change: [
      'to_addrs: {type: "text[]", category: user.contact.email, identity: contact.email,',
      'to_addrs: {type: "text[]", category: user.contact.email, identity: contact.email, domain: {column: headers},',
    ],
    says: 'one half of an address is text, not text[]',
  },
  {
    rule: 'MAP46',
    when: 'half an address would be a pseudonym',
    change: half('domain: {column: tenant_id}, erase: {pseudonymise: hmac}'),
    says: 'a pseudonym stands for a whole address',
  },
  {
    rule: 'MAP47',
    when: 'the row with the domain has no column for it',
    change: half('domain: {column: nowhere, by: owner}'),
    says: 'public.accounts has no column nowhere',
  },
  {
    rule: 'MAP47',
    when: 'it has one',
    change: half('domain: {column: name, by: owner}'),
  },
];
