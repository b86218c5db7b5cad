import type { Queryable } from '../base/postgres.ts';
import type { Progress } from '../base/progress.ts';
import { bestEffort } from './best-effort.ts';

/** What was looked at, how closely, and what came of it. */
export interface CheckRecord {
  readonly profile: string;
  readonly setId: string;
  readonly destination: string;
  readonly kind: 'verify' | 'restore' | 'drill';
  /** Of a verification: `list`, `head`, `sample=5%`, `full`. */
  readonly level?: string;
  readonly outcome: 'passed' | 'failed' | 'incomplete';
  readonly startedAt: Date;
  /** Read from the store. */
  readonly bytes?: number;
  readonly findings: number;
  readonly certificateId?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/**
 * Records a verification, a restore or a drill, so that `list` and `status` know of it and prune spares what was
 * verified last. A state database that is gone must not undo what was done: that is a warning.
 */
export async function recordCheck(
  db: Queryable | undefined,
  progress: Progress,
  check: CheckRecord,
): Promise<void> {
  if (db === undefined) return;
  await bestEffort(progress, `the ${check.kind} of ${check.setId} is not on record`, () =>
    db.query(
      `insert into postern.backup_check
         (profile, set_id, destination, kind, level, outcome, started_at, bytes, findings, certificate_id, detail)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        check.profile,
        check.setId,
        check.destination,
        check.kind,
        check.level ?? null,
        check.outcome,
        check.startedAt,
        check.bytes ?? null,
        check.findings,
        check.certificateId ?? null,
        JSON.stringify(check.detail ?? {}),
      ],
    ),
  );
}
