import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { KeyQuarantineResult } from './results.ts';

/** The values that could not be encrypted again and have not been since, oldest first. */
export async function listQuarantine(
  state: Queryable,
  profile: string,
  limit: number,
): Promise<Omit<KeyQuarantineResult, 'resolved'>> {
  const open = 'from postern.key_quarantine where profile = $1 and resolved_at is null';
  const { rows } = await state.query<KeyQuarantineResult['values'][number]>(
    `select table_name as table, column_name as column, row_key as key, reason,
       ${isoTime('first_at')} as since, ${isoTime('last_at')} as "lastTried", plan_id as "planId"
     ${open} order by first_at, table_name, column_name, row_key limit $2`,
    [profile, limit],
  );
  const { rows: counted } = await state.query<{ total: string }>(`select count(*) as total ${open}`, [
    profile,
  ]);
  return { values: rows, total: Number(counted[0]?.total ?? 0) };
}
