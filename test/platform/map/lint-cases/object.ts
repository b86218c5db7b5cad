import type { Case } from './case.ts';

/** About objects and encrypted fields. */
export const objectCases: readonly Case[] = [
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
    change: ['subject_keys.dek', 'subject_keys.kms'],
    says: 'no column public.subject_keys.kms',
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
    rule: 'MAP32',
    when: 'a keyring is no table',
    change: ['\n  public.subject_keys:\n    {id', '\n  public.user_keys:\n    {id'],
    says: 'no table public.user_keys',
  },
  {
    rule: 'MAP32',
    when: 'a column of a keyring is none',
    change: ['kek: kek,', 'kek: kms,'],
    says: 'no column kms',
  },
  {
    rule: 'MAP32',
    when: 'a wrapped key is no bytea',
    change: ['wrapped: dek,', 'wrapped: kek,'],
    says: 'kek is text in the database, not bytea',
  },
  {
    rule: 'MAP33',
    when: 'a key stands in no keyring',
    change: ['wrapped: dek,', 'wrapped: id,'],
    says: 'no keyring of the map holds the key of body_enc',
  },
  {
    rule: 'MAP34',
    when: 'a field does not say whose key it is under',
    change: ['by: mailbox.owner, as', 'as'],
    says: 'has a key for each subject, and body_enc no way to its own',
  },
  {
    rule: 'MAP34',
    when: 'a key is nobody’s, and a field says whose',
    change: [' subject: account_id,', ''],
    says: 'has no subjects, and body_enc has a way to one',
  },
  {
    rule: 'MAP35',
    when: 'a field takes its values from another of its row',
    change: ['as: message.body}', 'as: message.body, from: headers}'],
  },
  {
    rule: 'MAP35',
    when: 'what a field takes its values from is none',
    change: ['as: message.body}', 'as: message.body, from: header}'],
    says: 'public.messages has no field header in the map',
  },
  {
    rule: 'MAP35',
    when: 'a field takes its values from itself',
    change: ['as: message.body}', 'as: message.body, from: body_enc}'],
    says: 'body_enc is encrypted itself',
  },
  {
    rule: 'MAP35',
    when: 'a field in a format that only the application can write takes values from another',
    change: ['as: message.body}', 'as: message.body, from: headers, format: other}'],
    says: 'only the application can write the format of body_enc',
  },
  {
    rule: 'MAP36',
    when: 'values in clear are text',
    change: ['as: message.body}', 'as: message.body, from: headers}'],
  },
  {
    rule: 'MAP36',
    when: 'values are taken from a list',
    change: ['as: message.body}', 'as: message.body, from: to_addrs}'],
    says: 'to_addrs is text[], which is not text, character varying, bytea',
  },
  {
    rule: 'MAP36',
    when: 'values of pgcrypto are taken from text',
    change: ['as: message.body}', 'as: message.body, from: headers, from_format: pgcrypto}'],
    says: 'headers is text, which is not bytea',
  },
  {
    rule: 'MAP42',
    when: 'an encrypted column is text',
    sql: 'alter table messages alter body_enc type text',
    says: 'body_enc is text in the database, not bytea',
  },
  {
    rule: 'MAP42',
    when: 'an encrypted column is of a domain over bytea',
    sql: 'create domain sealed as bytea; alter table messages alter body_enc type sealed',
  },
  {
    rule: 'MAP42',
    when: 'a column that only the application can read is text',
    change: ['as: message.body}', 'as: message.body, format: other}'],
    sql: 'alter table messages alter body_enc type text',
  },
];
