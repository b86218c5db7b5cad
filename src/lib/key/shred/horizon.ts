import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';

/** Until when a copy of a wrapped key may be read from a backup. */
export interface ShredHorizon {
  /** RFC 3339, UTC; null where the register knows no backup that holds it. */
  readonly until: string | null;
  /** The set that keeps it the longest, and where. */
  readonly because: { readonly setId: string; readonly destination: string } | null;
  /** Copies whose wrapped keys no lock protects: they go with the next `backup prune` after their age. */
  readonly unlocked: number;
}

/** Wrapped keys lie beside each set under a lock of their own; the last of those locks is when the last copy may go. */
export async function shredHorizon(state: Queryable, profile: string): Promise<ShredHorizon> {
  const { rows } = await state.query<{
    until: string | null;
    setId: string;
    destination: string;
    unlocked: string;
  }>(
    `select ${isoTime('c.keyring_lock_until')} as until, c.set_id as "setId", c.destination,
       count(*) filter (where c.keyring_lock_until is null) over () as unlocked
     from postern.backup_copy c join postern.backup_set s using (set_id)
     where s.profile = $1 and c.state = 'complete' and c.keyring_pruned_at is null
     order by c.keyring_lock_until desc nulls last limit 1`,
    [profile],
  );
  const [last] = rows;
  if (last === undefined) return { until: null, because: null, unlocked: 0 };
  const { until, setId, destination } = last;
  return { until, because: until === null ? null : { setId, destination }, unlocked: Number(last.unlocked) };
}
