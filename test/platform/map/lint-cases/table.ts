import type { Case } from './case.ts';

/** About tables that are mapped, ignored or gone. */
export const tableCases: readonly Case[] = [
  {
    rule: 'MAP01',
    when: 'a mapped table is gone',
    sql: 'drop table public.contact_timeline',
    says: 'no table public.contact_timeline',
  },
  {
    rule: 'MAP08',
    when: 'a new table comes',
    sql: 'create table public.notes (id int primary key)',
    says: 'the table public.notes is neither',
  },
  {
    rule: 'MAP08',
    when: 'a materialised view stores a copy',
    sql: 'create materialized view public.copy as select 1 as x',
    says: 'stores a copy',
  },
  {
    rule: 'MAP08',
    when: 'a partition or a view comes',
    sql: `create table audit_2026 partition of audit for values from ('2026-01-01') to ('2027-01-01'); create view v as select 1 as x`,
  },
  {
    rule: 'MAP08',
    when: 'the new table’s schema is ignored',
    change: ['reason: no personal data}', 'reason: no personal data}\n  - {schema: jobs, reason: queue}'],
    sql: 'create schema jobs; create table jobs.job (id int)',
  },
  {
    rule: 'MAP09',
    when: 'a table is mapped and ignored',
    change: ['table: public.schema_migrations', 'table: public.audit'],
    says: 'public.audit is mapped and ignored',
  },
  {
    rule: 'MAP27',
    when: 'an ignored table is gone',
    sql: 'drop table schema_migrations',
    says: 'no table public.schema_migrations',
  },
  {
    rule: 'MAP27',
    when: 'an ignored schema is none',
    change: ['reason: no personal data}', 'reason: no personal data}\n  - {schema: jobs, reason: queue}'],
    says: 'no schema jobs',
  },
  {
    rule: 'MAP27',
    when: 'a view is ignored',
    change: [
      'reason: no personal data}',
      'reason: no personal data}\n  - {table: public.senders, reason: a view}',
    ],
  },
];
