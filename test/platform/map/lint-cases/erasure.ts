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
    rule: 'MAP44',
    when: 'a list of addresses does not say whom the row is about',
    change: [
      '      name: {type: varchar, category: user.content}\n',
      '      name: {type: varchar, category: user.content}\n      people: {type: text, parser: address-list}\n',
    ],
    says: 'where people names a person, name of the row stay',
  },
  {
    rule: 'MAP44',
    when: 'it says so',
    change: [
      '      name: {type: varchar, category: user.content}\n',
      '      name: {type: varchar, category: user.content}\n      people: {type: text, parser: address-list, about: false}\n',
    ],
  },
  {
    rule: 'MAP44',
    when: 'a single name of somebody else does not',
    change: [
      '      name: {type: varchar, category: user.content}\n',
      '      name: {type: varchar, category: user.content}\n      guest: {type: text, category: user.contact.email, identity: guest.email}\n',
    ],
    says: 'where guest names a person, name of the row go too',
  },
  {
    rule: 'MAP44',
    when: 'a name belongs to a row with more of that person',
    change: [
      '  public.contacts:\n',
      '  public.guests:\n    primary_key: [id]\n    ownership: exclusive\n    references: [{column: mailbox_id, to: public.mailboxes.id, kind: soft}]\n    fields: {email: {type: text, category: user.contact.email, identity: guest.email}}\n  public.contacts:\n',
    ],
    says: 'where email names a person, name of public.mailboxes stay: say about: {by: mailbox}',
  },
  {
    rule: 'MAP49',
    when: 'about leads nowhere',
    change: [
      'phone: {type: text, category: user.contact.phone_number}',
      'phone: {type: text, category: user.contact.phone_number, about: {by: book}}',
    ],
    says: 'public.contacts has no reference called book',
  },
  {
    rule: 'MAP49',
    when: 'about leads to tenants',
    change: [
      'name: {type: text, category: user.name}\n      email: {type: text, category: user.contact.email, identity: contact.email}',
      'name: {type: text, category: user.name}\n      email: {type: text, category: user.contact.email, identity: contact.email, about: {by: tenant}}',
    ],
    says: 'rows that tenant leads to are not of one person each',
  },
  {
    rule: 'MAP44',
    when: 'a single name is a further one of the owner',
    change: [
      '      name: {type: varchar, category: user.content}\n',
      '      name: {type: varchar, category: user.content}\n      alias: {type: text, category: user.contact.email, identity: contact.email}\n',
    ],
  },
  {
    rule: 'MAP44',
    when: 'nothing else of a person is in the row',
    change: [
      '      name: {type: varchar, category: user.content}\n',
      '      people: {type: text, parser: address-list}\n',
    ],
  },
  {
    rule: 'MAP45',
    when: 'nobody has a share in shared rows',
    change: ['    ownership: shared\n', '    ownership: shared\n    owner: nobody\n'],
    says: 'public.messages is shared, and nobody has a share in its rows',
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
