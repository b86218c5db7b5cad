import type { Case } from './case.ts';

/** About triggers and rewrite rules. */
export const triggerCases: readonly Case[] = [
  {
    rule: 'MAP15',
    when: 'a trigger is not listed',
    sql: 'create trigger more before delete on messages for each row execute function note()',
    says: 'public.messages.more is not listed',
  },
  {
    rule: 'MAP15',
    when: 'a trigger on a partition alone is not listed',
    sql: 'create trigger own after delete on audit_2025 for each row execute function note()',
    says: 'public.audit_2025.own is not listed',
  },
  {
    rule: 'MAP15',
    when: 'a disabled trigger is not listed',
    change: ['  public.audit.audited: {effect: none}\n', ''],
    sql: 'alter table audit disable trigger audited',
    says: 'disabled now',
  },
  {
    rule: 'MAP16',
    when: 'a listed trigger is gone',
    sql: 'drop trigger audited on audit',
    says: 'no trigger public.audit.audited',
  },
  {
    rule: 'MAP26',
    when: 'a trigger writes outside',
    change: ['to: public.contact_timeline', 'to: public.elsewhere'],
    says: 'public.elsewhere, to which',
  },
  {
    rule: 'MAP26',
    when: 'a trigger without effect writes nowhere',
    change: ['audited: {effect: none}', 'audited: {effect: none, to: public.elsewhere}'],
  },
  {
    rule: 'MAP31',
    when: 'a rule turns deletes away',
    sql: 'create rule no_delete as on delete to contacts do instead nothing',
    says: 'the rule no_delete rewrites every delete',
  },
  {
    rule: 'MAP31',
    when: 'a rule looks at inserts only',
    sql: 'create rule no_insert as on insert to contacts do instead nothing',
  },
];
