import { z } from 'zod';
import type { Queryable } from '../../base/postgres.ts';
import { recordResumed } from '../hold/index.ts';

/** The kind of an offboarding in the ledger of erasures. */
export const offboardErasure = 'tenant-offboard';

export const offboardDetail = z.strictObject({ tenant: z.string().min(1) });

/** Written before anything is destroyed, so that a restore repeats it in any case; once for each plan. */
export async function writeOffboarding(
  state: Queryable,
  entry: { readonly profile: string; readonly planId: string; readonly tenant: string; readonly at: Date },
): Promise<void> {
  const { profile, planId, tenant, at } = entry;
  await state.query(
    `insert into postern.erasure (profile, source, kind, detail, plan_id, erased_at)
     select $1, 'platform', $2, $3, $4, $5
     where not exists (select from postern.erasure where plan_id = $4 and kind = $2)`,
    [profile, offboardErasure, JSON.stringify({ tenant }), planId, at],
  );
}

/**
 * Settles what earlier offboardings of the same tenant had to leave because of holds that are released now.
 * @returns how many entries of `hold list` were closed
 */
export async function settleOffboarding(
  state: Queryable,
  { profile, planId, tenant }: { readonly profile: string; readonly planId: string; readonly tenant: string },
): Promise<number> {
  const { rows } = await state.query<{ id: string }>(
    `select distinct plan_id as id from postern.erasure
     where profile = $1 and kind = $2 and plan_id <> $3 and detail::jsonb ->> 'tenant' = $4`,
    [profile, offboardErasure, planId, tenant],
  );
  const planIds = rows.map(({ id }) => id);
  return planIds.length === 0 ? 0 : recordResumed(state, { profile, planIds, resumedBy: planId });
}
