import type { Queryable } from '../base/postgres.ts';

/** A run as the state database remembers it. */
export interface RegisteredRun {
  readonly setId: string;
  readonly profile: string;
  readonly database: string;
  readonly systemIdentifier: string;
  readonly location: string;
  readonly startedAt: Date;
  readonly previousSetId: string | undefined;
}

export async function registerRun(db: Queryable, run: RegisteredRun): Promise<void> {
  await db.query(
    `insert into postern.backup_set (set_id, profile, source, database_name, system_identifier, started_at, location, previous_set_id)
     values ($1, $2, 'platform', $3, $4, $5, $6, $7)`,
    [
      run.setId,
      run.profile,
      run.database,
      run.systemIdentifier,
      run.startedAt,
      run.location,
      run.previousSetId ?? null,
    ],
  );
}

export interface CompletedRun {
  readonly setId: string;
  readonly finishedAt: Date;
  readonly manifestSha256: string;
  readonly parts: number;
  readonly bytes: number;
  readonly rows: number;
}

export async function registerCompletion(db: Queryable, run: CompletedRun): Promise<void> {
  await db.query(
    `update postern.backup_set set state = 'complete', finished_at = $2, manifest_sha256 = $3,
       parts = $4, bytes = $5, rows = $6
     where set_id = $1`,
    [run.setId, run.finishedAt, run.manifestSha256, run.parts, run.bytes, run.rows],
  );
}

export async function registerFailure(db: Queryable, setId: string, finishedAt: Date): Promise<void> {
  await db.query(
    `update postern.backup_set set state = 'failed', finished_at = $2 where set_id = $1 and state = 'running'`,
    [setId, finishedAt],
  );
}

/**
 * The runs that a kill or a power cut left open; asked under the profile's lock, when no other run can be alive.
 */
export async function openRuns(db: Queryable, profile: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ setId: string }>(
    `select set_id as "setId" from postern.backup_set where profile = $1 and state = 'running' order by set_id`,
    [profile],
  );
  return rows.map(({ setId }) => setId);
}

/** A run that was killed after its manifest was stored: the set is whole, and the next one is chained to it. */
export async function registerLateCompletion(
  db: Queryable,
  setId: string,
  finishedAt: Date,
  manifestSha256: string,
): Promise<void> {
  await db.query(
    `update postern.backup_set set state = 'complete', finished_at = $2, manifest_sha256 = $3 where set_id = $1 and state = 'running'`,
    [setId, finishedAt, manifestSha256],
  );
}

/** The newest complete set of a profile: the one that the next manifest points back to. */
export async function previousSet(
  db: Queryable,
  profile: string,
): Promise<{ readonly setId: string; readonly manifestSha256: string } | undefined> {
  const { rows } = await db.query<{ setId: string; manifestSha256: string }>(
    `select set_id as "setId", manifest_sha256 as "manifestSha256" from postern.backup_set
     where profile = $1 and state = 'complete' order by finished_at desc, set_id desc limit 1`,
    [profile],
  );
  return rows[0];
}
