import type { Queryable } from '../base/postgres.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import type { BackupContext } from './context.ts';
import { fileName } from './format/layout.ts';
import { openRuns, registerFailure, registerLateCompletion } from './register.ts';

/**
 * Settles what killed runs left open, so that none of them blocks or confuses this one: a set whose manifest is in
 * the store is complete, whatever became of its run; the others are no sets.
 */
export async function closeDeadRuns(
  { sets, clock, progress }: BackupContext,
  state: Queryable,
): Promise<void> {
  for (const setId of await openRuns(state, sets.profile)) {
    const manifest = `${sets.prefix}${setId}/${fileName.manifest}`;
    const found = await sets.store.head(manifest);
    if (found === undefined) {
      await registerFailure(state, setId, clock.now());
      progress.warn(`the run ${setId} did not end: it left no set, only parts that no manifest names`);
      continue;
    }
    const sha256 = found.sha256 ?? sha256Hex(await sets.store.get(manifest));
    await registerLateCompletion(state, setId, found.modified, sha256);
    progress.warn(`the run ${setId} was stopped after its set was complete; it is counted now`);
  }
}
