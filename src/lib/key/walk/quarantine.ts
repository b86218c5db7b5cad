import type { Queryable } from '../../base/postgres.ts';
import type { RefusedValue } from './row-work.ts';

/** Whose quarantine: a column of a profile's platform. */
export interface QuarantineOf {
  readonly profile: string;
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly column: string;
}

/** Puts values into quarantine, or keeps them there with the reason of today. */
export async function quarantine(
  state: Queryable,
  { profile, table, column }: QuarantineOf,
  planId: string,
  refused: readonly RefusedValue[],
): Promise<void> {
  if (refused.length === 0) return;
  await state.query(
    `insert into postern.key_quarantine as q (profile, table_name, column_name, row_key, reason, plan_id)
     select $1, $2, $3, array(select json_array_elements_text(r -> 'key')), r ->> 'reason', $4
     from json_array_elements($5::json) r
     on conflict (profile, table_name, column_name, row_key) do update
     set reason = excluded.reason, plan_id = excluded.plan_id, last_at = clock_timestamp(),
       -- What was out of quarantine and comes back is there since now.
       first_at = case when q.resolved_at is null then q.first_at else clock_timestamp() end, resolved_at = null`,
    [profile, table, column, planId, JSON.stringify(refused)],
  );
}

/** Takes values out of quarantine: encrypted again, or gone. */
export async function resolveQuarantine(
  state: Queryable,
  { profile, table, column }: QuarantineOf,
  keys: readonly (readonly string[])[],
): Promise<void> {
  if (keys.length === 0) return;
  await state.query(
    `update postern.key_quarantine q set resolved_at = clock_timestamp()
     from (select array(select json_array_elements_text(r)) as key from json_array_elements($4::json) r) k
     where q.profile = $1 and q.table_name = $2 and q.column_name = $3 and q.row_key = k.key
       and q.resolved_at is null`,
    [profile, table, column, JSON.stringify(keys)],
  );
}

/** The keys of a page of quarantined values, in a stable order. */
export async function quarantinedKeys(
  state: Queryable,
  { profile, table, column }: QuarantineOf,
  { after, limit }: { readonly after: readonly string[] | undefined; readonly limit: number },
): Promise<readonly (readonly string[])[]> {
  const { rows } = await state.query<{ key: string[] }>(
    `select row_key as key from postern.key_quarantine
     where profile = $1 and table_name = $2 and column_name = $3 and resolved_at is null
       and ($4::text[] is null or row_key > $4) order by row_key limit $5`,
    [profile, table, column, after ?? null, limit],
  );
  return rows.map(({ key }) => key);
}

/** How many values are in quarantine, by reason. */
export async function quarantineReasons(
  state: Queryable,
  { profile, table, column }: QuarantineOf,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await state.query<{ reason: string; values: string }>(
    `select reason, count(*) as values from postern.key_quarantine
     where profile = $1 and table_name = $2 and column_name = $3 and resolved_at is null
     group by reason order by reason`,
    [profile, table, column],
  );
  return Object.fromEntries(rows.map(({ reason, values }) => [reason, Number(values)]));
}
