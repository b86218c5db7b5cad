import type { Queryable } from '../base/postgres.ts';
import { isoTime } from '../state/iso-time.ts';
import { requirePast, requireSameTime } from './clock-skew.ts';
import type { BackupContext } from './context.ts';

/**
 * Compares the clock of this host with the state database's, and with the newest set: locks, the names of sets and
 * their order follow it, and what a clock of next year has locked stays locked.
 * @throws {PosternError} exit 1, `clock-skewed`
 */
export async function checkClock({ clock, profile }: BackupContext, state: Queryable): Promise<void> {
  const { rows } = await state.query<{ now: string; newest: string | null }>(
    `select ${isoTime('clock_timestamp()')} as now,
            (select ${isoTime('max(started_at)')} from postern.backup_set where profile = $1) as newest`,
    [profile],
  );
  const { now: theirs = '', newest = null } = rows[0] ?? {};
  const now = clock.now();
  requireSameTime('the state database', new Date(theirs), now);
  if (newest !== null) requirePast('the newest run began at', new Date(newest), now);
}
