import type { AuditContext } from '../../audit/audited.ts';
import { audited } from '../../audit/audited.ts';
import { refused, usageError } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { isoTime } from '../../state/iso-time.ts';
import { dueOn, isAfterDay } from './clock.ts';
import type { Offboarding, TenantListResult } from './results.ts';

export interface RegisterContext extends AuditContext {
  readonly profile: string;
}

interface Stored extends Omit<Offboarding, 'dueOn' | 'verdict'> {
  readonly isLast: boolean;
}

const isLast = `not exists (select from postern.offboarding later
  where later.profile = o.profile and later.tenant = o.tenant and later.offboarding_id > o.offboarding_id)`;

/** The last entry of each tenant, by name; with `all`, the earlier ones too. */
async function readOffboardings(
  db: Queryable,
  profile: string,
  { tenant, all = false }: { readonly tenant?: string; readonly all?: boolean },
): Promise<readonly Stored[]> {
  const event = (kind: string, value: string) =>
    `(select ${value} from postern.offboarding_event e where e.offboarding_id = o.offboarding_id and e.kind = '${kind}' order by e.event limit 1)`;
  const { rows } = await db.query<Stored>(
    `select o.offboarding_id::float8 as number, o.tenant, o.ended_on::text as "endedOn", o.reason,
       ${isoTime('o.begun_at')} as "begunAt", ${event('returned', isoTime('e.at'))} as "returnedAt",
       ${event('deleted', isoTime('e.at'))} as "deletedAt",
       (select c.id from postern.offboarding_event e join postern.certificate c using (plan_id)
        where e.offboarding_id = o.offboarding_id and e.kind = 'deleted' order by e.event limit 1) as "certificateId",
       ${isLast} as "isLast"
     from postern.offboarding o
     where o.profile = $1 and ($2::text is null or o.tenant = $2) and ($3 or ${isLast})
     order by o.ended_on, o.offboarding_id`,
    [profile, tenant ?? null, all],
  );
  return rows;
}

/** @param within milliseconds: what ends sooner is due */
export async function listOffboardings(
  db: Queryable,
  profile: string,
  options: { readonly now: Date; readonly within: number; readonly all: boolean },
): Promise<TenantListResult> {
  const stored = await readOffboardings(db, profile, options);
  const tenants = stored
    .map((one) => judged(one, options))
    .filter(({ deletedAt }) => options.all || deletedAt === null);
  const counted = (...verdicts: readonly Offboarding['verdict'][]) =>
    tenants.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    tenants,
    open: counted('open', 'due', 'overdue'),
    due: counted('due'),
    overdue: counted('overdue'),
  };
}

function judged(
  stored: Stored,
  { now, within }: { readonly now: Date; readonly within: number },
): Offboarding {
  const due = dueOn(stored.endedOn);
  const { isLast: counts, ...own } = stored;
  const entry = { ...own, dueOn: due };
  if (stored.deletedAt !== null)
    return { ...entry, verdict: isAfterDay(new Date(stored.deletedAt), due) ? 'late' : 'deleted' };
  if (!counts) return { ...entry, verdict: 'superseded' };
  if (isAfterDay(now, due)) return { ...entry, verdict: 'overdue' };
  return { ...entry, verdict: isAfterDay(new Date(now.getTime() + within), due) ? 'due' : 'open' };
}

/** What is due within a week is due soon. */
const soon = 7 * 86_400_000;

/** The entry that counts for a tenant; undefined where there is none. */
export async function offboardingOf(
  db: Queryable,
  profile: string,
  { tenant, now }: { readonly tenant: string; readonly now: Date },
): Promise<Offboarding | undefined> {
  const [found] = await readOffboardings(db, profile, { tenant });
  return found && judged(found, { now, within: soon });
}

export interface Beginning {
  readonly tenant: string;
  /** `2026-11-01`; undefined: as the register has it. */
  readonly endedOn: string | undefined;
  readonly reason: string;
}

/**
 * Says when the contract of a tenant ended, without writing it down.
 * @throws {PosternError} exit 2, `ended-missing`
 */
export function endOf(known: Offboarding | undefined, { tenant, endedOn }: Beginning): string {
  const end = endedOn ?? known?.endedOn;
  if (end !== undefined) return end;
  throw usageError(`the register does not know when the contract of ${tenant} ended`, {
    code: 'ended-missing',
    hints: ['give --ended DAY: the thirty days run from it'],
  });
}

/**
 * Enters the end of a tenant's contract into the register, unless the last entry says the same.
 * @throws {PosternError} as `endOf`
 */
export async function beginOffboarding(context: RegisterContext, beginning: Beginning): Promise<Offboarding> {
  const { profile, clock, actor } = context;
  const { tenant, reason } = beginning;
  const db = await context.state();
  const now = clock.now();
  const known = await offboardingOf(db, profile, { tenant, now });
  const endedOn = endOf(known, beginning);
  if (known?.endedOn === endedOn) return known;
  const action = { action: 'tenant.offboard-begin', target: tenant, detail: { endedOn } };
  return audited(context, action, async () => {
    await db.query(
      `insert into postern.offboarding (profile, tenant, ended_on, reason, author) values ($1, $2, $3, $4, $5)`,
      [profile, tenant, endedOn, reason, actor.fingerprint ?? `${actor.osUser}@${actor.host}`],
    );
    const begun = await offboardingOf(db, profile, { tenant, now });
    if (begun === undefined) throw new Error('the register lost an entry');
    return begun;
  });
}

/** @throws {PosternError} exit 6, `contract-running`: nothing is deleted before the contract has ended */
export function requireEnded(tenant: string, endedOn: string, now: Date): void {
  if (isAfterDay(now, endedOn)) return;
  throw refused(`the contract of ${tenant} ends on ${endedOn}`, {
    code: 'contract-running',
    hints: ['its data can be deleted from the day after; --return hands them out before'],
  });
}

/** Records that the data was deleted or returned; once for each plan. */
export async function recordEvent(
  db: Queryable,
  event: {
    readonly number: number;
    readonly kind: 'returned' | 'deleted';
    readonly planId: string | undefined;
    readonly detail: JsonObject;
  },
): Promise<void> {
  await db.query(
    `insert into postern.offboarding_event (offboarding_id, kind, plan_id, detail) values ($1, $2, $3, $4)
     on conflict (plan_id, kind) do nothing`,
    [event.number, event.kind, event.planId ?? null, JSON.stringify(event.detail)],
  );
}
