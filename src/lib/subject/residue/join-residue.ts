import type { SubjectResidueResult } from './results.ts';
import type { DatabaseResidue } from './scan-database.ts';
import type { ObjectResidue } from './scan-objects.ts';
import { verdictOf } from './verdict.ts';

/** Of log files, as `scanLogs` gives it. */
export interface LogResidue {
  readonly found: SubjectResidueResult['found'];
  readonly unasked: SubjectResidueResult['unasked'];
  readonly places: number;
  readonly lines: number;
  readonly bytes: number;
}

/** A place that was looked through, or why it was not: nothing of the kind is configured, or somebody left it out. */
export type Looked<T> = T | 'left-out' | 'none';

/** One answer from everything that was looked through. */
export function joinResidue(
  database: DatabaseResidue,
  objects: Looked<ObjectResidue>,
  logs: Looked<LogResidue>,
): SubjectResidueResult {
  const others = [objects, logs].filter((one) => typeof one !== 'string');
  const all = [database, ...others];
  const found = all.flatMap((one) => one.found);
  const unasked = all.flatMap((one) => one.unasked);
  return {
    verdict: verdictOf(found, unasked),
    found,
    objectStore: typeof objects === 'string' ? objects : 'looked',
    logFiles: typeof logs === 'string' ? logs : 'looked',
    places: all.reduce((sum, { places }) => sum + places, 0),
    rows: database.rows,
    objects: typeof objects === 'string' ? 0 : objects.objects,
    lines: typeof logs === 'string' ? 0 : logs.lines,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    unasked,
  };
}
