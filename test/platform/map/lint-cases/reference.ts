import type { Case } from './case.ts';

/** About references and foreign keys. */
export const referenceCases: readonly Case[] = [
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
    rule: 'MAP41',
    when: 'ON DELETE is not what the map says',
    change: ['to: public.accounts.id, kind: fk}', 'to: public.accounts.id, kind: fk, on_delete: restrict}'],
    says: 'ON DELETE of subject_keys_account_id_fkey is cascade in the database, not restrict',
  },
  {
    rule: 'MAP41',
    when: 'ON DELETE is what the map says',
    change: ['to: public.accounts.id, kind: fk}', 'to: public.accounts.id, kind: fk, on_delete: cascade}'],
  },
  {
    rule: 'MAP43',
    when: 'no reference leads from there',
    change: ['    ownership: shared\n', '    ownership: shared\n    held_by: public.accounts.id\n'],
    says: 'no reference of public.accounts.id leads to public.messages',
  },
  {
    rule: 'MAP43',
    when: 'the table is not shared',
    change: ['    owner: owner\n', '    owner: owner\n    held_by: public.messages.mailbox_id\n'],
    says: 'public.mailboxes is not shared',
  },
  {
    rule: 'MAP43',
    when: 'what holds it is a third party’s',
    change: [
      '    exports: {as: mbox}\n',
      '    exports: {as: mbox}\n    held_by: public.notes.message_id\n  public.notes:\n    primary_key: [id]\n    ownership: third-party\n    references: [{column: message_id, to: public.messages.id, kind: soft}]\n',
    ],
    says: 'give nobody a share',
  },
];
