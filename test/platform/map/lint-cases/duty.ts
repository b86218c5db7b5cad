import type { Case } from './case.ts';

/** About duties: TODO, retention, legal basis. */
export const dutyCases: readonly Case[] = [
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
];
