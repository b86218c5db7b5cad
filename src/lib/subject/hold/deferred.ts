import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';

/** Rows of a table that an erasure left because of a hold. */
export interface Deferred {
  readonly profile: string;
  /** Of the erasure. */
  readonly planId: string;
  readonly holdNumber: number;
  /** Canonical name. */
  readonly table: string;
  readonly rows: number;
}

/**
 * Records how many rows a hold kept from an erasure. Done again for the same plan, hold and table, the greater count
 * stays: what was deferred is there still.
 * @throws {Error} a hold of another profile, or none
 */
export async function recordDeferred(state: Queryable, deferred: Deferred): Promise<void> {
  const { profile, planId, holdNumber, table, rows } = deferred;
  if (rows === 0) return;
  const { rowCount } = await state.query(
    `insert into postern.hold_deferral as d (plan_id, hold_id, table_name, rows)
     select $1, hold_id, $3, $4 from postern.hold where hold_id = $2 and profile = $5
     on conflict (plan_id, hold_id, table_name) do update set rows = greatest(d.rows, excluded.rows)`,
    [planId, holdNumber, table, rows, profile],
  );
  if (rowCount !== 1) throw new Error(`there is no hold ${holdNumber} in the profile ${profile}`);
}

/** What waits to be erased, or will once its hold is released. */
export interface OpenDeferral extends Omit<Deferred, 'profile'> {
  /** RFC 3339, UTC. */
  readonly deferredAt: string;
  /** The hold no longer stands in the way: an erasure of the same person takes these rows as well. */
  readonly isReleased: boolean;
}

/** Rows that were deferred and that no plan has taken up since, by hold. */
export async function openDeferrals(state: Queryable, profile: string): Promise<readonly OpenDeferral[]> {
  const { rows } = await state.query<OpenDeferral>(
    `select d.plan_id as "planId", d.hold_id::float8 as "holdNumber", d.table_name as "table", d.rows::float8 as rows,
       ${isoTime('d.deferred_at')} as "deferredAt", r.hold_id is not null as "isReleased"
     from postern.hold_deferral d join postern.hold h using (hold_id) left join postern.hold_release r using (hold_id)
     where h.profile = $1 and d.resumed_by is null order by d.hold_id, d.plan_id, d.table_name`,
    [profile],
  );
  return rows;
}

/**
 * Records that a later plan took up what was deferred by holds that are released. What another hold still keeps was
 * deferred because of that one, and stays open.
 * @param planIds of the erasures that deferred it; all unless told
 * @param holds which of the holds; all unless told
 * @returns how many entries were closed
 */
export async function recordResumed(
  state: Queryable,
  resumed: {
    readonly profile: string;
    readonly planIds?: readonly string[];
    readonly holds?: readonly number[];
    readonly resumedBy: string;
  },
): Promise<number> {
  const { profile, planIds = null, holds = null, resumedBy } = resumed;
  const { rowCount } = await state.query(
    `update postern.hold_deferral d set resumed_by = $1, resumed_at = clock_timestamp()
     from postern.hold h join postern.hold_release r using (hold_id)
     where h.hold_id = d.hold_id and h.profile = $2 and d.resumed_by is null
       and ($3::text[] is null or d.plan_id = any($3)) and ($4::bigint[] is null or h.hold_id = any($4))`,
    [resumedBy, profile, planIds, holds],
  );
  return rowCount ?? 0;
}
