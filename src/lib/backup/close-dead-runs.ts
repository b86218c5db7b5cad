import { PosternError } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import type { BackupContext } from './context.ts';
import { fileName } from './format/layout.ts';
import { endCopy, endRun, openRuns } from './register.ts';

/**
 * Settles what killed runs left open, so that none of them blocks or confuses this one: a set is whole in each
 * destination that has its manifest, whatever became of its run; where none has it, it is no set. A run whose
 * destinations cannot all be asked now stays open, and hinders nobody.
 */
export async function closeDeadRuns(context: BackupContext, state: Queryable): Promise<void> {
  for (const setId of await openRuns(state, context.profile)) {
    try {
      await closeRun(context, state, setId);
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      context.progress.warn(`what became of the run ${setId} cannot be told yet: ${error.message}`);
    }
  }
}

async function closeRun(
  { destinations, clock, progress }: BackupContext,
  state: Queryable,
  setId: string,
): Promise<void> {
  const looks = await Promise.all(
    destinations.map(async ({ name, store, prefix }) => ({
      name,
      manifest: await store.head(`${prefix}${setId}/${fileName.manifest}`),
    })),
  );
  for (const { name, manifest } of looks) {
    if (manifest === undefined) await endCopy(state, setId, name, 'failed', clock.now());
    else await endCopy(state, setId, name, 'complete', manifest.modified);
  }
  await endRun(state, setId, clock.now());
  const having = looks.filter(({ manifest }) => manifest !== undefined).map(({ name }) => name);
  progress.warn(
    having.length === 0
      ? `the run ${setId} did not end: it left no set, only parts that no manifest names`
      : `the run ${setId} was stopped after its set was whole at ${having.join(', ')}; it is counted now`,
  );
}
