import type { Queryable } from '../base/postgres.ts';

/** The state database's clock, by which plans are journalled: the same one for every host. */
export async function serverTime(state: Queryable): Promise<Date> {
  const { rows } = await state.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date(Number.NaN);
}
