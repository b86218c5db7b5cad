import type { Case } from './case.ts';

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
];
