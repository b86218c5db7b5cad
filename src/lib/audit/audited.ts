import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { failure, PosternError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Pool } from '../base/postgres.ts';
import type { JsonObject } from '../crypto/canonical-json.ts';
import type { Actor } from './actor.ts';
import { type AuditEntry, appendAudit } from './append.ts';

export interface AuditContext {
  readonly actor: Actor;
  readonly clock: Clock;
  /** The state database. */
  state(): Promise<Pool>;
}

/** What is about to be done. Nothing here may be secret or name a data subject. */
export interface AuditedAction {
  /** In the words of the command line: `operator.enroll`. */
  readonly action: string;
  readonly target?: string;
  readonly plan?: string;
  readonly detail?: JsonObject;
}

export interface AuditedRun {
  /** Adds to the detail of the outcome. */
  note(detail: JsonObject): void;
}

/**
 * Does `work` between two audit entries: the intent before it, the outcome after it. Without the intent, nothing is
 * done. A run that was killed leaves an intent without an outcome, which `audit log` shows.
 * @throws whatever `work` throws; exit 1 `audit-outcome-missing` when the work is done but could not be recorded
 */
export async function audited<T>(
  context: AuditContext,
  action: AuditedAction,
  work: (run: AuditedRun) => Promise<T>,
): Promise<T> {
  const db = await context.state();
  const run = randomUUID();
  let outcomeDetail: JsonObject = {};
  const append = async (entry: Pick<AuditEntry, 'event' | 'detail' | 'error'>): Promise<void> => {
    await appendAudit(db, { at: context.clock.now(), run, actor: context.actor, ...action, ...entry });
  };
  await append({ event: 'intent', ...(action.detail === undefined ? {} : { detail: action.detail }) });
  let result: T;
  try {
    result = await work({
      note: (detail) => {
        outcomeDetail = { ...outcomeDetail, ...detail };
      },
    });
  } catch (error) {
    // The work's own error matters more than one from writing about it.
    await append({ event: 'failed', detail: outcomeDetail, error: errorCode(error) }).catch(() => {});
    throw error;
  }
  try {
    await append({ event: 'done', detail: outcomeDetail });
  } catch (cause) {
    throw failure(`${action.action} is done, but its outcome could not be written to the audit log`, {
      code: 'audit-outcome-missing',
      cause,
      hints: ['do not repeat it; mend the state database, and see `postern audit log`'],
    });
  }
  return result;
}

/** What of an error may stand in the log: codes only, because messages may quote data. */
export function errorCode(error: unknown): { readonly code: string; readonly exitCode: number } {
  if (error instanceof PosternError) {
    return { code: error.code ?? `exit-${error.exitCode}`, exitCode: error.exitCode };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { code: 'interrupted', exitCode: ExitCode.interrupted };
  }
  return { code: 'bug', exitCode: ExitCode.failure };
}
