import type { Queryable } from '../../base/postgres.ts';

/** What the state database knows of a set at one destination. */
export interface RegisteredCopy {
  readonly setId: string;
  /** Of the run: `running` may also be one that was killed. */
  readonly runState: 'running' | 'complete' | 'partial' | 'failed';
  readonly copyState: 'running' | 'complete' | 'failed' | 'pruned';
  readonly manifestSha256: string | null;
}

export async function registeredCopies(
  db: Queryable,
  profile: string,
  destination: string,
): Promise<ReadonlyMap<string, RegisteredCopy>> {
  const { rows } = await db.query<RegisteredCopy>(
    `select set_id as "setId", s.state as "runState", c.state as "copyState", manifest_sha256 as "manifestSha256"
     from postern.backup_set s join postern.backup_copy c using (set_id)
     where s.profile = $1 and c.destination = $2`,
    [profile, destination],
  );
  return new Map(rows.map((row) => [row.setId, row]));
}

/** Sets of a destination that passed a check. */
export interface PassedChecks {
  /**
   * Of their contents, whole or by sample: that names and sizes agree proves little. The newest set first, whenever it
   * was looked at, and none that a later verification speaks against.
   */
  readonly verified: readonly PassedCheck[];
  /** The latest drill first. */
  readonly drilled: readonly PassedCheck[];
}

interface PassedCheck {
  readonly setId: string;
}

export async function passedChecks(
  db: Queryable,
  profile: string,
  destination: string,
): Promise<PassedChecks> {
  const verified = await db.query<PassedCheck>(
    `select set_id as "setId" from (
       select set_id,
              array_agg(outcome order by finished_at desc) as looks,
              array_agg(outcome order by finished_at desc) filter (where level = 'full' or level like 'sample%') as reads
       from postern.backup_check
       where profile = $1 and destination = $2 and kind = 'verify' and outcome in ('passed', 'failed')
       group by set_id) last
     where looks[1] = 'passed' and reads[1] = 'passed' order by set_id desc`,
    [profile, destination],
  );
  const drilled = await db.query<PassedCheck>(
    `select set_id as "setId" from postern.backup_check
     where profile = $1 and destination = $2 and kind = 'drill' and outcome = 'passed'
     group by set_id order by max(finished_at) desc, set_id desc`,
    [profile, destination],
  );
  return { verified: verified.rows, drilled: drilled.rows };
}

/** From here on, nobody counts on the copy; `complete` again where the store kept it after all. */
export async function registerPruning(
  db: Queryable,
  copy: { readonly setId: string; readonly destination: string },
  state: 'pruned' | 'complete',
): Promise<void> {
  await db.query(
    `update postern.backup_copy set state = $3 where set_id = $1 and destination = $2 and state in ('complete', 'pruned')`,
    [copy.setId, copy.destination, state],
  );
}

export async function registerKeyringPruning(
  db: Queryable,
  { setId, destination, at }: { readonly setId: string; readonly destination: string; readonly at: Date },
): Promise<void> {
  await db.query(
    `update postern.backup_copy set keyring_pruned_at = $3 where set_id = $1 and destination = $2 and keyring_pruned_at is null`,
    [setId, destination, at],
  );
}
