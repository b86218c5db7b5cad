import { inTransaction, type StateDatabase } from '../../state/transaction.ts';

/** A hold as it is kept: hashes in place of names and rows. */
export interface NewHold {
  readonly profile: string;
  readonly case: string;
  readonly reason: string;
  readonly tables: readonly string[] | null;
  readonly tenant: string | null;
  /** A date: `2027-03-01`. */
  readonly reviewBy: string | null;
  readonly author: string;
  readonly persons: readonly string[];
  readonly rows: readonly { readonly table: string; readonly hash: string }[];
}

/** @returns its number */
export async function storeHold(state: StateDatabase, hold: NewHold): Promise<number> {
  return inTransaction(state, async (db) => {
    const { rows } = await db.query<{ number: number }>(
      `insert into postern.hold (profile, case_reference, reason, tables, tenant, review_by, author)
       values ($1, $2, $3, $4, $5, $6, $7) returning hold_id::float8 as number`,
      [hold.profile, hold.case, hold.reason, hold.tables, hold.tenant, hold.reviewBy, hold.author],
    );
    const number = rows[0]?.number;
    if (number === undefined) throw new Error('the hold was not inserted');
    await db.query(
      'insert into postern.hold_person (hold_id, hash) select $1, pg_catalog.unnest($2::text[])',
      [number, hold.persons],
    );
    await db.query(
      `insert into postern.hold_row (hold_id, table_name, hash)
       select $1, r.table_name, r.hash from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) as r (table_name, hash)`,
      [number, hold.rows.map(({ table }) => table), hold.rows.map(({ hash }) => hash)],
    );
    return number;
  });
}

/** @returns false where it was released before, or the profile has none of that number */
export async function storeRelease(
  state: StateDatabase,
  release: {
    readonly profile: string;
    readonly number: number;
    readonly reason: string;
    readonly author: string;
  },
): Promise<boolean> {
  return inTransaction(state, async (db) => {
    const { rowCount } = await db.query(
      `insert into postern.hold_release (hold_id, reason, author)
       select hold_id, $3, $4 from postern.hold where hold_id = $1 and profile = $2
       on conflict (hold_id) do nothing`,
      [release.number, release.profile, release.reason, release.author],
    );
    return rowCount === 1;
  });
}
