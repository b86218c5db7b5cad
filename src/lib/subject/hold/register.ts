import { usageError } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { Hold, HoldListResult } from './results.ts';

/** A hold without its verdict, which depends on when one looks. */
type StoredHold = Omit<Hold, 'verdict'>;

/** Every hold of a profile, the oldest first. @param number of one of them */
async function readRegister(
  state: Queryable,
  profile: string,
  number: number | null,
): Promise<readonly StoredHold[]> {
  const { rows } = await state.query<StoredHold>(
    `select h.hold_id::float8 as number, h.case_reference as "case", h.reason,
       (select count(*)::float8 from postern.hold_person p where p.hold_id = h.hold_id) as names,
       (select count(*)::float8 from postern.hold_row r where r.hold_id = h.hold_id) as rows,
       h.tables, h.tenant, h.review_by::text as "reviewBy", h.author, ${isoTime('h.placed_at')} as "placedAt",
       (select pg_catalog.json_build_object('at', ${isoTime('x.released_at')}, 'reason', x.reason, 'author', x.author)
         from postern.hold_release x where x.hold_id = h.hold_id) as released,
       array(select distinct pg_catalog.split_part(k.hash, ':', 1) from (
         select p.hash from postern.hold_person p where p.hold_id = h.hold_id
         union all select r.hash from postern.hold_row r where r.hold_id = h.hold_id) k order by 1) as "keyIds",
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('planId', d.plan_id, 'table', d.table_name,
         'rows', d.rows) order by d.plan_id, d.table_name) from postern.hold_deferral d
         where d.hold_id = h.hold_id and d.resumed_by is null), '[]') as deferred
     from postern.hold h where h.profile = $1 and ($2::bigint is null or h.hold_id = $2) order by h.hold_id`,
    [profile, number],
  );
  return rows;
}

function judged(stored: StoredHold, now: Date): Hold {
  const { released, deferred, reviewBy } = stored;
  if (released !== null) return { ...stored, verdict: deferred.length > 0 ? 'waiting' : 'released' };
  const isPast = reviewBy !== null && reviewBy < now.toISOString().slice(0, 10);
  return { ...stored, verdict: isPast ? 'review' : 'active' };
}

/** Holds with their verdicts. @param all those too that are released and keep nothing waiting */
export async function listHolds(
  state: Queryable,
  profile: string,
  { now, all }: { readonly now: Date; readonly all: boolean },
): Promise<HoldListResult> {
  const holds = (await readRegister(state, profile, null)).map((stored) => judged(stored, now));
  const having = (...verdicts: readonly Hold['verdict'][]) =>
    holds.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    holds: holds.filter(({ verdict }) => all || verdict !== 'released'),
    active: having('active', 'review'),
    review: having('review'),
    waiting: having('waiting'),
  };
}

/** @throws {PosternError} exit 2, `hold-unknown` */
export async function showHold(state: Queryable, profile: string, number: number, now: Date): Promise<Hold> {
  // What is no bigint is no number of ours either.
  const [found] = Number.isSafeInteger(number) ? await readRegister(state, profile, number) : [];
  if (found !== undefined) return judged(found, now);
  throw usageError(`there is no hold ${number} in the profile ${profile}`, {
    code: 'hold-unknown',
    hints: ['`postern hold list --all` shows all of them'],
  });
}

/** Erasures that have begun and not ended, by the ids of their plans. */
export async function erasuresUnderWay(state: Queryable, profile: string): Promise<readonly string[]> {
  const { rows } = await state.query<{ id: string }>(
    `select p.id from postern.plan p where p.profile = $1 and (p.kind like 'subject.erase%' or p.kind = 'tenant.offboard')
       and exists (select from postern.plan_journal j where j.plan_id = p.id and j.event = 'started')
       and not exists (select from postern.plan_journal j where j.plan_id = p.id and j.event in ('applied', 'cancelled'))
     order by p.created_at`,
    [profile],
  );
  return rows.map(({ id }) => id);
}
