import type { Queryable } from '../../base/postgres.ts';

/** The kind of a shred in the erasure ledger. */
export const shredErasure = 'key-shred';

export interface ShredEntry {
  readonly profile: string;
  readonly planId: string;
  readonly keyring: string;
  readonly keys: readonly string[];
  readonly at: Date;
}

/** Written before anything is destroyed, so that a restore repeats it in any case; once for each plan. */
export async function writeLedger(
  state: Queryable,
  { profile, planId, keyring, keys, at }: ShredEntry,
): Promise<void> {
  await state.query(
    `insert into postern.erasure (profile, source, kind, detail, plan_id, erased_at)
     select $1, 'platform', $2, $3, $4, $5
     where not exists (select from postern.erasure where plan_id = $4 and kind = $2)`,
    [profile, shredErasure, JSON.stringify({ keyring, keys }), planId, at],
  );
}
