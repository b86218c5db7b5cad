import { platformMap } from '../fixture.ts';
import type { Case } from './case.ts';

/** About columns that hold keyed hashes. */
export const hashCases: readonly Case[] = [
  {
    rule: 'MAP37',
    when: 'two columns are for odd versions',
    change: ['versions: even', 'versions: odd'],
    says: 'email_odd, email_even are both for odd versions',
  },
  {
    rule: 'MAP37',
    when: 'no column is for even versions',
    change: [/ {6}email_even: .*\n/.exec(platformMap)?.[0] ?? '', ''],
    says: 'email_odd has no column beside it for even versions',
  },
  {
    rule: 'MAP38',
    when: 'what is hashed is no field',
    change: [
      'hmac: {of: email, key: public.index_keys.wrapped, versions: odd',
      'hmac: {of: created_at, key: public.index_keys.wrapped, versions: odd',
    ],
    says: 'public.accounts has no field created_at in the map',
  },
  {
    rule: 'MAP38',
    when: 'a hash is hashed',
    change: [
      'hmac: {of: email, key: public.index_keys.wrapped, versions: even',
      'hmac: {of: email_odd, key: public.index_keys.wrapped, versions: even',
    ],
    says: 'email_odd is a keyed hash itself',
  },
  {
    rule: 'MAP38',
    when: 'what is hashed is encrypted in a format that only the application can read',
    change: [
      'as: message.body}, erase: shred}',
      'as: message.body, format: other}, erase: shred}\n      body_odd: {type: bytea, hmac: {of: body_enc, key: public.index_keys.wrapped, versions: odd}, erase: set-null}',
    ],
    says: 'only the application can read the format of body_enc',
  },
  {
    rule: 'MAP38',
    when: 'what is hashed is encrypted in postern’s format',
    change: [
      'as: message.body}, erase: shred}',
      'as: message.body}, erase: shred}\n      body_odd: {type: bytea, hmac: {of: body_enc, key: public.index_keys.wrapped, versions: odd}, erase: set-null}',
    ],
  },
  {
    rule: 'MAP39',
    when: 'the key stands in no keyring',
    change: ['  public.index_keys: {id: id,', '  public.index_key: {id: id,'],
    says: 'no keyring of the map holds public.index_keys.wrapped',
  },
  {
    rule: 'MAP39',
    when: 'there is a key for each subject',
    change: ['public.index_keys: {id: id,', 'public.index_keys: {id: id, subject: id,'],
    says: 'public.index_keys has a key for each subject',
  },
  {
    rule: 'MAP39',
    when: 'values are encrypted under the key too',
    change: ['{dek: public.subject_keys.dek, by: mailbox.owner,', '{dek: public.index_keys.wrapped,'],
    says: 'values are encrypted under public.index_keys; a key serves one purpose',
  },
  {
    rule: 'MAP40',
    when: 'a column must not be NULL',
    sql: 'alter table accounts alter email_even set not null',
    says: 'email_even is NOT NULL',
  },
  {
    rule: 'MAP40',
    when: 'a column is too narrow for a hash in hexadecimal',
    sql: 'alter table accounts alter email_odd type varchar(63) using null, alter email_even type varchar(64) using null',
    says: 'email_odd is character varying(63), which is neither bytea nor text or character varying of 64 digits',
  },
  {
    rule: 'MAP40',
    when: 'both columns are just wide enough',
    sql: 'alter table accounts alter email_odd type varchar(64) using null, alter email_even type text using null',
  },
  {
    rule: 'MAP40',
    when: 'one column is bytes and the other text',
    sql: 'alter table accounts alter email_even type text using null',
    says: 'email_odd is bytea and email_even is text',
  },
  {
    rule: 'MAP40',
    when: 'what is hashed is a list',
    sql: 'alter table accounts alter email type text[] using array[email]',
    says: 'email is text[], which is not text, character varying, bytea',
  },
  {
    rule: 'MAP40',
    when: 'bytes are normalised as text',
    sql: `alter table accounts alter email type bytea using ''`,
    says: 'email is bytea, which is hashed as it is: leave normalise out',
  },
];
