import type { Queryable } from '../base/postgres.ts';
import { isoTime } from '../state/iso-time.ts';
import { type PlanProgress, progressOf, readJournal } from './journal.ts';
import type { Plan } from './plan.ts';
import { loadPlan } from './plan-store.ts';

/** A signature on record; whether it counts is decided when the plan is applied. */
interface SignatureOnRecord {
  readonly role: 'author' | 'approver';
  readonly fingerprint: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly signedAt: string;
}

export interface ShownPlan {
  readonly plan: Plan;
  readonly progress: PlanProgress;
  readonly signatures: readonly SignatureOnRecord[];
}

/** A plan with everything on record about it. Errors as `loadPlan`. */
export async function showPlan(db: Queryable, idOrPrefix: string): Promise<ShownPlan> {
  const plan = await loadPlan(db, idOrPrefix);
  const { rows: signatures } = await db.query<SignatureOnRecord>(
    `select a.role, a.fingerprint, o.name, ${isoTime('a.signed_at')} as "signedAt"
     from postern.plan_approval a join postern.operator o using (fingerprint)
     where a.plan_id = $1 order by a.approval`,
    [plan.id],
  );
  return { plan, progress: progressOf(await readJournal(db, plan.id)), signatures };
}
