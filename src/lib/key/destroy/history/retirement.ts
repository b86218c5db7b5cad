import { planInputs, readPlan } from '../../../operation/plan.ts';
import { isoTime } from '../../../state/iso-time.ts';
import type { DestroyContext } from '../context.ts';
import { destroyInputs } from '../inputs.ts';

export interface Retirement {
  /** When `key retire` was done the last time, RFC 3339, UTC, by the state database's clock; null where it never was. */
  readonly at: string | null;
  /** Postern enabled the key afterwards, or began to. */
  readonly isEnabledSince: boolean;
}

/** The actions on the audit log by which postern enables a key. */
export const enablingActions = { undestroy: 'key.undestroy', undo: 'key.retire-undo' } as const;

/**
 * When the key was retired. It takes a plan that is applied, and a run of it that the audit log has to its end: what
 * the log shows from the beginning of that run on counts as later.
 * @param arn of the key
 */
export async function lastRetirement(
  context: Pick<DestroyContext, 'profile' | 'state'>,
  arn: string,
): Promise<Retirement> {
  const db = await context.state();
  const { rows: plans } = await db.query<{ id: string; text: string }>(
    `select id, text from postern.plan where profile = $1 and kind = 'key.retire'`,
    [context.profile],
  );
  const own = plans.filter(({ id, text }) => planInputs(readPlan(id, text), destroyInputs).key === arn);
  // In the order of the log, since the clocks of the hosts that wrote it may differ.
  const { rows } = await db.query<{ at: string; isEnabledSince: boolean }>(
    `with done as (
       select body::jsonb ->> 'plan' as plan, body::jsonb ->> 'run' as run, seq
       from postern.audit_entry
       where body::jsonb ->> 'plan' = any($1) and body::jsonb ->> 'action' = 'plan.apply'
         and body::jsonb ->> 'event' = 'done'
       order by seq desc limit 1),
     began as (
       select min(e.seq) as seq
       from done join postern.audit_entry e on e.body::jsonb ->> 'plan' = done.plan and e.body::jsonb ->> 'run' = done.run)
     select ${isoTime('j.at')} as at, exists (
         select from postern.audit_entry e, began
         where e.seq > began.seq and e.body::jsonb ->> 'action' = any($2) and e.body::jsonb ->> 'target' = $3
       ) as "isEnabledSince"
     from done join postern.plan_journal j on j.plan_id = done.plan and j.event = 'applied'`,
    [own.map(({ id }) => id), Object.values(enablingActions), arn],
  );
  return rows[0] ?? { at: null, isEnabledSince: false };
}
