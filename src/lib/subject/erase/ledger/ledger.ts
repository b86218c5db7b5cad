import { z } from 'zod';
import type { Queryable } from '../../../base/postgres.ts';

/** The kind of an erasure of persons in the ledger. */
export const eraseErasure = 'subject-erase';

/** What the ledger keeps: hashes of names and nothing that names anybody. */
export const ledgerDetail = z.strictObject({
  /** Of each person. */
  persons: z.array(z.array(z.string()).min(1)),
  tenant: z.string().nullable(),
});

export type LedgerDetail = z.infer<typeof ledgerDetail>;

/** Written before anything is destroyed, so that a restore repeats it in any case; once for each plan. */
export async function writeLedger(
  state: Queryable,
  entry: {
    readonly profile: string;
    readonly planId: string;
    readonly detail: LedgerDetail;
    readonly at: Date;
  },
): Promise<void> {
  await state.query(
    `insert into postern.erasure (profile, source, kind, detail, plan_id, erased_at)
     select $1, 'platform', $2, $3, $4, $5
     where not exists (select from postern.erasure where plan_id = $4 and kind = $2)`,
    [entry.profile, eraseErasure, JSON.stringify(entry.detail), entry.planId, entry.at],
  );
}
