import { failure, messageOf } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import type { JsonObject } from '../crypto/canonical-json.ts';
import { isoTime } from '../state/iso-time.ts';

export type JournalEvent = 'started' | 'intent' | 'checkpoint' | 'done' | 'failed' | 'applied' | 'cancelled';

export interface JournalEntry {
  readonly event: JournalEvent;
  readonly step: number | null;
  readonly detail: JsonObject;
  /** RFC 3339, UTC, by the state database's clock. */
  readonly at: string;
}

/** What the journal says of a plan: its whole state, since a plan's row never changes. */
export interface PlanProgress {
  readonly state: 'open' | 'applying' | 'applied' | 'cancelled';
  /** When applying began. */
  readonly startedAt: string | undefined;
  /** When it was applied or cancelled. */
  readonly endedAt: string | undefined;
  /** Step to result. */
  readonly results: ReadonlyMap<number, JsonObject>;
  /** Step to its last checkpoint. */
  readonly checkpoints: ReadonlyMap<number, JsonObject>;
  /** Something is done, or a run ended without telling how far its last step came. */
  readonly mayHaveEffect: boolean;
}

/** The journal of a plan, oldest first. */
export async function readJournal(db: Queryable, planId: string): Promise<readonly JournalEntry[]> {
  const { rows } = await db.query<JournalEntry>(
    `select event, step, detail, ${isoTime('at')} as at from postern.plan_journal where plan_id = $1 order by entry`,
    [planId],
  );
  return rows;
}

/** Writes an entry. @throws {PosternError} exit 1, `code: 'journal-unwritable'`, when the session is lost, for example */
export async function appendJournal(
  db: Queryable,
  planId: string,
  entry: { readonly event: JournalEvent; readonly step?: number; readonly detail?: JsonObject },
): Promise<void> {
  try {
    await db.query(
      'insert into postern.plan_journal (plan_id, event, step, detail) values ($1, $2, $3, $4)',
      [planId, entry.event, entry.step ?? null, JSON.stringify(entry.detail ?? {})],
    );
  } catch (cause) {
    throw failure(`the plan's journal cannot be written: ${messageOf(cause)}`, {
      code: 'journal-unwritable',
      cause,
      hints: ['check the state database'],
    });
  }
}

/** Folds a journal into the plan's state. */
export function progressOf(journal: readonly JournalEntry[]): PlanProgress {
  const results = new Map<number, JsonObject>();
  const checkpoints = new Map<number, JsonObject>();
  let isUncertain = false;
  for (const { event, step, detail } of journal) {
    if (event === 'intent') isUncertain = true;
    if (event === 'failed' || event === 'done') isUncertain = false;
    if (event === 'done' && step !== null) results.set(step, detail);
    if (event === 'checkpoint' && step !== null) checkpoints.set(step, detail);
  }
  const started = journal.find(({ event }) => event === 'started');
  const end = journal.find(({ event }) => event === 'applied' || event === 'cancelled');
  const ended = end?.event === 'applied' || end?.event === 'cancelled' ? end.event : undefined;
  return {
    state: ended ?? (started === undefined ? 'open' : 'applying'),
    startedAt: started?.at,
    endedAt: end?.at,
    results,
    checkpoints,
    mayHaveEffect: isUncertain || results.size > 0 || checkpoints.size > 0,
  };
}
