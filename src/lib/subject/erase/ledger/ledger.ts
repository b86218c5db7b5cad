import { z } from 'zod';
import type { Queryable } from '../../../base/postgres.ts';
import { openDeferrals, recordResumed } from '../../hold/index.ts';

/** The kind of an erasure of persons in the ledger. */
export const eraseErasure = 'subject-erase';

/** What the ledger keeps: hashes of names and nothing that names anybody. */
export const ledgerDetail = z.strictObject({
  /** Of each person. */
  persons: z.array(z.array(z.string()).min(1)),
  tenant: z.string().nullable(),
  /** Whether several rows of a table were one person. */
  onePerson: z.boolean().default(false),
  /** Keyed hashes of names that several shared. */
  shared: z.array(z.string()).default([]),
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

/**
 * Settles what earlier erasures had to leave because of holds that are released now: those of which every person is one
 * of these.
 * @returns how many entries of `hold list` were closed
 */
export async function settleReleased(
  state: Queryable,
  erasure: {
    readonly profile: string;
    readonly planId: string;
    readonly persons: readonly (readonly string[])[];
  },
): Promise<number> {
  const { profile, planId, persons } = erasure;
  const released = (await openDeferrals(state, profile)).filter(({ isReleased }) => isReleased);
  if (released.length === 0) return 0;
  const { rows } = await state.query<{ id: string }>(
    `select distinct e.plan_id as id from postern.erasure e
     where e.profile = $1 and e.kind = $2 and e.plan_id <> $3 and e.plan_id = any($4::text[])
       and not exists (
         select from pg_catalog.jsonb_array_elements(e.detail::jsonb -> 'persons') p
         where not exists (select from pg_catalog.jsonb_array_elements_text(p) h where h = any($5::text[])))`,
    [profile, eraseErasure, planId, released.map((one) => one.planId), persons.flat()],
  );
  const ofPlans = rows.map(({ id }) => id);
  if (ofPlans.length === 0) return 0;
  const holds = [...new Set(released.map(({ holdNumber }) => holdNumber))];
  return recordResumed(state, { profile, holds, planIds: ofPlans, resumedBy: planId });
}
