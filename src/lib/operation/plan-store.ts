import { audited } from '../audit/audited.ts';
import { usageError } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import { isoTime } from '../state/iso-time.ts';
import type { OperationContext } from './context.ts';
import { type Plan, readPlan } from './plan.ts';

/** Stores a plan, so that it can be shown, approved and applied. Storing it again changes nothing. */
export async function savePlan(context: OperationContext, plan: Plan): Promise<void> {
  const { kind, profile, createdAt, expiresAt, target } = plan.body;
  await audited(
    context,
    { action: 'plan.create', plan: plan.id, target: target.database, detail: { kind, profile } },
    async () => {
      const db = await context.state();
      await db.query(
        `insert into postern.plan (id, text, kind, profile, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing`,
        [plan.id, plan.text, kind, profile, createdAt, expiresAt],
      );
    },
  );
}

/**
 * Reads a plan by its id, or by the first digits of it (eight at least), and checks its text against its full id.
 * @throws {PosternError} exit 2 `plan-missing`, `plan-ambiguous`; exit 5 `plan-tampered`
 */
export async function loadPlan(db: Queryable, idOrPrefix: string): Promise<Plan> {
  const prefix = idOrPrefix.toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(prefix)) {
    throw usageError('a plan is named by its id or at least its first eight digits', { code: 'plan-id' });
  }
  const { rows } = await db.query<{ id: string; text: string }>(
    'select id, text from postern.plan where starts_with(id, $1) order by id limit 2',
    [prefix],
  );
  const [found, other] = rows;
  if (found === undefined) {
    throw usageError(`there is no plan ${idOrPrefix}`, {
      code: 'plan-missing',
      hints: ['`postern plan list --all` shows what there is'],
    });
  }
  if (other !== undefined) {
    throw usageError(`several plans begin with ${idOrPrefix}`, {
      code: 'plan-ambiguous',
      hints: ['give more digits of the id'],
    });
  }
  return readPlan(found.id, found.text);
}

/** One line of a list; the columns serve for finding, only the plan's own text counts. */
export interface PlanListEntry {
  readonly id: string;
  readonly kind: string;
  readonly profile: string;
  readonly state: 'open' | 'expired' | 'applying' | 'applied' | 'cancelled';
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Signatures on record, not yet verified, of approvers. */
  readonly approvals: number;
  /** How many the plan itself asks for. */
  readonly asked: number;
}

/** Plans of a profile, newest first; only those that can still be applied unless `which` says otherwise. */
export async function listPlans(
  db: Queryable,
  filter: {
    readonly profile?: string;
    readonly which?: 'pending' | 'all';
    readonly now: Date;
    readonly limit?: number;
  },
): Promise<readonly PlanListEntry[]> {
  const { rows } = await db.query<PlanListEntry>(
    `with listed as (
       select p.id, p.kind, p.profile, ${isoTime('p.created_at')} as "createdAt",
              ${isoTime('p.expires_at')} as "expiresAt",
              (select count(*)::int from postern.plan_approval a
               where a.plan_id = p.id and a.role = 'approver') as approvals,
              coalesce((p.text::json ->> 'approvals')::int, 0) as asked,
              coalesce(
                (select j.event from postern.plan_journal j
                 where j.plan_id = p.id and j.event in ('applied', 'cancelled')),
                (select 'applying' from postern.plan_journal j where j.plan_id = p.id and j.event = 'started'),
                case when p.expires_at <= $1 then 'expired' else 'open' end) as state
       from postern.plan p
       where $2::text is null or p.profile = $2)
     select * from listed
     where $3 = 'all' or state in ('open', 'applying')
     order by "createdAt" desc, id limit $4`,
    [filter.now.toISOString(), filter.profile ?? null, filter.which ?? 'pending', filter.limit ?? 100],
  );
  return rows;
}
