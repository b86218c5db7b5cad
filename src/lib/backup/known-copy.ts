import type { Queryable } from '../base/postgres.ts';
import { isoTime } from '../state/iso-time.ts';
import type { SetStore } from './context.ts';
import type { VerifyLevel } from './verify/level.ts';

/** One destination's copy of a set, as the state database remembers it. */
export interface KnownCopy {
  readonly setId: string;
  readonly state: 'running' | 'complete' | 'failed' | 'pruned';
  /** Where it was put; the destination's name may stand for another place today. */
  readonly location: string;
  readonly manifestSha256: string | null;
  /** RFC 3339; what the store was asked for. */
  readonly lockUntil: string | null;
  /** The same, of its mail objects and of what vouches for them; null for a set without any. */
  readonly objectsLockUntil: string | null;
  readonly keyringPrunedAt: string | null;
}

/** What the state database knows of a destination's sets, by set, oldest first. */
export async function knownCopies(
  db: Queryable,
  { profile, destination }: Pick<SetStore, 'profile' | 'destination'>,
): Promise<ReadonlyMap<string, KnownCopy>> {
  const { rows } = await db.query<KnownCopy>(
    `select c.set_id as "setId", c.state, c.location, s.manifest_sha256 as "manifestSha256",
       ${isoTime('c.lock_until')} as "lockUntil", ${isoTime('c.objects_lock_until')} as "objectsLockUntil",
       ${isoTime('c.keyring_pruned_at')} as "keyringPrunedAt"
     from postern.backup_copy c join postern.backup_set s using (set_id)
     where s.profile = $1 and c.destination = $2 order by c.set_id`,
    [profile, destination],
  );
  return new Map(rows.map((row) => [row.setId, row]));
}

/** How closely a set was looked at last, and what came of it. */
export interface LastCheck {
  readonly setId: string;
  readonly level: string | null;
  readonly outcome: 'passed' | 'failed';
  /** RFC 3339. */
  readonly at: string;
}

/** The last verification of each set of a destination that came to an end; of those at this level, where one is given. */
export async function lastVerifications(
  db: Queryable,
  { profile, destination }: Pick<SetStore, 'profile' | 'destination'>,
  level?: VerifyLevel,
): Promise<ReadonlyMap<string, LastCheck>> {
  const { rows } = await db.query<LastCheck>(
    `select distinct on (set_id) set_id as "setId", level, outcome, ${isoTime('finished_at')} as at
     from postern.backup_check
     where profile = $1 and destination = $2 and kind = 'verify' and outcome <> 'incomplete'
       and ($3::text is null or level = $3)
     order by set_id, finished_at desc`,
    [profile, destination, level ?? null],
  );
  return new Map(rows.map((row) => [row.setId, row]));
}
