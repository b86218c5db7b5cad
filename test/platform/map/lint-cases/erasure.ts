import type { Case } from './case.ts';

/** About erasing. */
export const erasureCases: readonly Case[] = [
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
    rule: 'MAP30',
    when: 'null is not allowed',
    change: [
      'to_addrs: {type: "text[]", category: user.contact.email, identity: contact.email, erase: {redact: element}}',
      'to_addrs: {type: "text[]", category: user.contact.email, identity: contact.email, erase: set-null}',
    ],
    says: 'to_addrs is NOT NULL',
  },
];
