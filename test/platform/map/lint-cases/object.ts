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
];
