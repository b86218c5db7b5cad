import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { PasswordContext } from './context.ts';
import { type KeyRotatePasswordResult, keyRotatePasswordResult } from './results.ts';

/** The old sessions that an applied rotation listed or ended, from its journal; null where it was not to look for them. */
export async function rotationSessions(
  context: PasswordContext,
  { id, body }: Plan,
): Promise<KeyRotatePasswordResult['oldSessions']> {
  const step = body.steps.findIndex(({ kind }) => kind === 'list-sessions' || kind === 'end-sessions');
  if (step === -1) return null;
  const { results } = progressOf(await readJournal(await context.state(), id));
  return keyRotatePasswordResult.shape.oldSessions.parse(results.get(step) ?? null);
}
