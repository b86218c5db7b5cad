import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';

/** One set at one destination, as the state database has it. Times are ISO 8601. */
export interface CopyFact {
  readonly setId: string;
  readonly destination: string;
  readonly runState: 'running' | 'complete' | 'partial' | 'failed';
  readonly copyState: 'running' | 'complete' | 'failed' | 'pruned';
  readonly startedAt: string;
  readonly bytes: number;
  readonly lockUntil: string | null;
  /** Of mail objects, where the set has any. */
  readonly objectsLockUntil: string | null;
  /** Null: it has no keyring, or an unlocked one. */
  readonly keyringLockUntil: string | null;
  readonly keyringPrunedAt: string | null;
}

/** Every set of the profile at every destination, oldest first; a run that reached no destination is not among them. */
export async function copyFacts(db: Queryable, profile: string): Promise<readonly CopyFact[]> {
  const { rows } = await db.query<CopyFact>(
    `select set_id as "setId", destination, s.state as "runState", c.state as "copyState",
            ${isoTime('s.started_at')} as "startedAt", coalesce(s.bytes, 0)::float8 as bytes,
            ${isoTime('c.lock_until')} as "lockUntil",
            case when exists (select from postern.backup_object_set o where o.set_id = s.set_id)
                 then ${isoTime('c.objects_lock_until')} end as "objectsLockUntil",
            ${isoTime('c.keyring_lock_until')} as "keyringLockUntil",
            ${isoTime('c.keyring_pruned_at')} as "keyringPrunedAt"
     from postern.backup_set s join postern.backup_copy c using (set_id)
     where s.profile = $1 order by s.started_at, set_id`,
    [profile],
  );
  return rows;
}

/** What a verification looked at: bytes, all or a sample; or names and sizes alone. */
export type CheckDepth = 'contents' | 'names';

/** The last check of a set at a destination that came to a conclusion. */
export interface CheckFact {
  readonly setId: string;
  readonly destination: string;
  readonly kind: 'verify' | 'drill';
  readonly depth: CheckDepth;
  readonly level: string | null;
  readonly outcome: 'passed' | 'failed';
  readonly at: string;
  /** Of a drill: how long the restore took, where that is known, and the whole drill else. */
  readonly seconds: number;
}

/** The last conclusive check of each kind and depth of each set, the latest first. */
export async function checkFacts(db: Queryable, profile: string): Promise<readonly CheckFact[]> {
  const { rows } = await db.query<CheckFact>(
    `select * from (
       select distinct on (destination, set_id, kind, depth) set_id as "setId", destination, kind, depth, level,
              outcome, ${isoTime('finished_at')} as at,
              case when jsonb_typeof(detail -> 'rtoSeconds') = 'number' then (detail ->> 'rtoSeconds')::float8
                   else extract(epoch from finished_at - started_at)::float8 end as seconds
       from (select *, case when kind = 'verify' and (level = 'full' or level like 'sample%') then 'contents'
                            else 'names' end as depth
             from postern.backup_check) c
       where profile = $1 and kind in ('verify', 'drill') and outcome in ('passed', 'failed')
       order by destination, set_id, kind, depth, finished_at desc) last
     order by at desc, "setId" desc`,
    [profile],
  );
  return rows;
}
