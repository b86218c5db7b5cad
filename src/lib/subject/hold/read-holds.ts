import type { Queryable } from '../../base/postgres.ts';

/** A hold, in force unless told. */
export interface ActiveHold {
  readonly number: number;
  readonly case: string;
  /** Canonical names; null: all of the person's rows. */
  readonly tables: readonly string[] | null;
  /** Null: of all tenants. */
  readonly tenant: string | null;
  /** Hashes of what the person is called; none where the hold is on rows. */
  readonly persons: readonly string[];
  readonly rows: readonly { readonly table: string; readonly hash: string }[];
}

/** The holds of a profile that are in force now. */
export function readHolds(state: Queryable, profile: string): Promise<readonly ActiveHold[]> {
  const isActive = 'not exists (select from postern.hold_release x where x.hold_id = h.hold_id)';
  return holdsWhere(state, profile, isActive, []);
}

/** Those of them that were placed after a plan began to be applied; none where it did not. */
export function readHoldsSince(
  state: Queryable,
  profile: string,
  planId: string,
): Promise<readonly ActiveHold[]> {
  const isNew = `not exists (select from postern.hold_release x where x.hold_id = h.hold_id)
    and h.placed_at > (select j.at from postern.plan_journal j where j.plan_id = $2 and j.event = 'started')`;
  return holdsWhere(state, profile, isNew, [planId]);
}

/** Holds that are released, while rows that they kept wait to be erased. */
export function readWaitingHolds(state: Queryable, profile: string): Promise<readonly ActiveHold[]> {
  const isWaiting = `exists (select from postern.hold_release x where x.hold_id = h.hold_id)
    and exists (select from postern.hold_deferral d where d.hold_id = h.hold_id and d.resumed_by is null)`;
  return holdsWhere(state, profile, isWaiting, []);
}

async function holdsWhere(
  state: Queryable,
  profile: string,
  condition: string,
  values: readonly unknown[],
): Promise<readonly ActiveHold[]> {
  const { rows } = await state.query<ActiveHold>(
    `select h.hold_id::float8 as number, h.case_reference as "case", h.tables, h.tenant,
       array(select p.hash from postern.hold_person p where p.hold_id = h.hold_id order by p.hash) as persons,
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('table', r.table_name, 'hash', r.hash)
         order by r.table_name, r.hash) from postern.hold_row r where r.hold_id = h.hold_id), '[]') as rows
     from postern.hold h
     where h.profile = $1 and ${condition} order by h.hold_id`,
    [profile, ...values],
  );
  return rows;
}
