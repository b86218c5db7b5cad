import type { Queryable } from '../../base/postgres.ts';

/** A hold that was not released. */
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

/**
 * The holds of a profile that are in force now. Holds come while an erasure is applied: it reads them again on its way.
 */
export async function readHolds(state: Queryable, profile: string): Promise<readonly ActiveHold[]> {
  const { rows } = await state.query<ActiveHold>(
    `select h.hold_id::float8 as number, h.case_reference as "case", h.tables, h.tenant,
       array(select p.hash from postern.hold_person p where p.hold_id = h.hold_id order by p.hash) as persons,
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('table', r.table_name, 'hash', r.hash)
         order by r.table_name, r.hash) from postern.hold_row r where r.hold_id = h.hold_id), '[]') as rows
     from postern.hold h
     where h.profile = $1 and not exists (select from postern.hold_release x where x.hold_id = h.hold_id)
     order by h.hold_id`,
    [profile],
  );
  return rows;
}
