import type { Queryable } from '../base/postgres.ts';
import type { CopyTarget, SetCopies } from './capture/copies.ts';

/** A run as the state database remembers it. */
export interface RegisteredRun {
  readonly setId: string;
  readonly profile: string;
  readonly startedAt: Date;
  readonly previousSetId: string | undefined;
}

export async function registerRun(db: Queryable, run: RegisteredRun): Promise<void> {
  await db.query(
    `insert into postern.backup_set (set_id, profile, started_at, previous_set_id) values ($1, $2, $3, $4)`,
    [run.setId, run.profile, run.startedAt, run.previousSetId ?? null],
  );
}

/** Where the set is going. */
export async function registerCopies(
  db: Queryable,
  setId: string,
  targets: readonly CopyTarget[],
): Promise<void> {
  for (const { destination, lockUntil, keyringLockUntil, objectsLockUntil } of targets) {
    await db.query(
      `insert into postern.backup_copy (set_id, destination, location, is_required, lock_until, keyring_lock_until, objects_lock_until)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        setId,
        destination.name,
        `${destination.store.location}/${destination.prefix}${setId}`,
        destination.required,
        lockUntil ?? null,
        keyringLockUntil ?? null,
        objectsLockUntil ?? null,
      ],
    );
  }
}

/**
 * The manifest that is about to be stored: should the run be killed right after it, the set is known by this.
 * @param keyrings files with wrapped keys; where there are none, none is locked, and nobody misses one later
 */
export async function registerCommit(
  db: Queryable,
  setId: string,
  { manifestSha256, keyrings }: { readonly manifestSha256: string; readonly keyrings: number },
): Promise<void> {
  if (keyrings === 0)
    await db.query('update postern.backup_copy set keyring_lock_until = null where set_id = $1', [setId]);
  await db.query('update postern.backup_set set manifest_sha256 = $2 where set_id = $1', [
    setId,
    manifestSha256,
  ]);
}

export interface CompletedRun {
  readonly setId: string;
  readonly finishedAt: Date;
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
}

/**
 * The set is whole wherever a copy lives; it counts as complete where every required destination has it. Of which
 * nobody can tell, that copy stays open, for the next run to settle.
 */
export async function registerCompletion(db: Queryable, copies: SetCopies, run: CompletedRun): Promise<void> {
  for (const { destination } of copies.live())
    await endCopy(db, run.setId, destination.name, 'complete', run.finishedAt);
  for (const { target, has } of copies.failures())
    if (has === 'no set') await endCopy(db, run.setId, target.destination.name, 'failed', run.finishedAt);
  await db.query('update postern.backup_set set parts = $2, bytes = $3, rows = $4 where set_id = $1', [
    run.setId,
    run.files,
    run.bytes,
    run.rows,
  ]);
  await endRun(db, run.setId, run.finishedAt);
}

/** What became of one destination's copy. */
export async function endCopy(
  db: Queryable,
  setId: string,
  destination: string,
  state: 'complete' | 'failed',
  finishedAt: Date,
): Promise<void> {
  await db.query(
    `update postern.backup_copy set state = $3, finished_at = $4 where set_id = $1 and destination = $2 and state = 'running'`,
    [setId, destination, state, finishedAt],
  );
}

/** Ends a run by what its copies became so far: complete, partial, or failed where no destination has the set. */
export async function endRun(db: Queryable, setId: string, finishedAt: Date): Promise<void> {
  await db.query(
    `update postern.backup_set s set finished_at = coalesce(finished_at, $2), state = case
       when not exists (select from postern.backup_copy c where c.set_id = s.set_id and c.state = 'complete') then 'failed'
       when exists (select from postern.backup_copy c where c.set_id = s.set_id and c.is_required and c.state <> 'complete') then 'partial'
       else 'complete' end
     where set_id = $1 and state in ('running', 'partial')`,
    [setId, finishedAt],
  );
}

/**
 * No destination has the set.
 * @param open destinations that may have it all the same: with one of these, the run stays open
 */
export async function registerFailure(
  db: Queryable,
  setId: string,
  finishedAt: Date,
  open: readonly string[] = [],
): Promise<void> {
  await db.query(
    `update postern.backup_copy set state = 'failed', finished_at = $2
     where set_id = $1 and state = 'running' and destination <> all($3)`,
    [setId, finishedAt, open],
  );
  if (open.length > 0) return;
  await db.query(
    `update postern.backup_set set state = 'failed', finished_at = $2 where set_id = $1 and state = 'running'`,
    [setId, finishedAt],
  );
}

/**
 * The runs that a kill, a power cut or a silent store left open; asked under the profile's lock, when no other run can
 * be alive.
 */
export async function openRuns(db: Queryable, profile: string): Promise<readonly OpenRun[]> {
  const { rows } = await db.query<OpenRun>(
    `select set_id as "setId", state, manifest_sha256 as "manifestSha256",
       array(select destination from postern.backup_copy c where c.set_id = s.set_id and c.state = 'running' order by 1) as open,
       array(select destination from postern.backup_copy c where c.set_id = s.set_id and c.state = 'complete' order by 1) as complete
     from postern.backup_set s where profile = $1 and (state = 'running'
       or exists (select from postern.backup_copy c where c.set_id = s.set_id and c.state = 'running')) order by set_id`,
    [profile],
  );
  return rows;
}

/** A run that has not come to its end at every destination. */
export interface OpenRun {
  readonly setId: string;
  readonly state: 'running' | 'partial' | 'complete';
  /** Of the manifest that it was about to send; null: it never came to that. */
  readonly manifestSha256: string | null;
  /** Destinations of which nobody has said yet whether they have the set. */
  readonly open: readonly string[];
  /** Destinations that have it. */
  readonly complete: readonly string[];
}

/** The newest set of a profile that is whole somewhere: the one that the next manifest points back to. */
export async function previousSet(
  db: Queryable,
  profile: string,
): Promise<{ readonly setId: string; readonly manifestSha256: string } | undefined> {
  const { rows } = await db.query<{ setId: string; manifestSha256: string }>(
    `select set_id as "setId", manifest_sha256 as "manifestSha256" from postern.backup_set
     where profile = $1 and state in ('complete', 'partial') order by finished_at desc, set_id desc limit 1`,
    [profile],
  );
  return rows[0];
}
