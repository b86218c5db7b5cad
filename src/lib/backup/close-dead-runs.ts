import { PosternError } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import type { StoredObject } from '../cloud/object-store.ts';
import type { BackupContext } from './context.ts';
import { fileName } from './format/layout.ts';
import { endCopy, endRun, type OpenRun, openRuns } from './register.ts';

/**
 * Settles what killed runs left open, so that none of them blocks or confuses this one: a set is whole in each
 * destination that has its manifest, whatever became of its run; where none has it, it is no set. A destination that
 * cannot be asked now is asked again by the next run, and hinders nobody.
 */
export async function closeDeadRuns(context: BackupContext, state: Queryable): Promise<void> {
  for (const run of await openRuns(state, context.profile)) await closeRun(context, state, run);
}

type Look =
  | { readonly name: string; readonly found: 'set' | 'no set' | 'foreign'; readonly at?: Date }
  | { readonly name: string; readonly found: 'unknown'; readonly why: string };

async function closeRun(context: BackupContext, state: Queryable, run: OpenRun): Promise<void> {
  const now = context.clock.now();
  const looks = await Promise.all(run.open.map((name) => lookFor(context, run, name)));
  const where = (found: Look['found']): readonly string[] =>
    looks.filter((look) => look.found === found).map(({ name }) => name);
  for (const look of looks) {
    if (look.found === 'set') await endCopy(state, run.setId, look.name, 'complete', look.at ?? now);
    else if (look.found !== 'unknown') await endCopy(state, run.setId, look.name, 'failed', now);
  }
  const isKnown = where('unknown').length === 0 || run.complete.length + where('set').length > 0;
  if (isKnown) await endRun(state, run.setId, now);
  for (const line of told(run, looks, where)) context.progress.warn(line);
}

/** A destination that the configuration no longer names has no set that anybody could use. */
async function lookFor(
  { destinations }: BackupContext,
  { setId, manifestSha256 }: OpenRun,
  name: string,
): Promise<Look> {
  const destination = destinations.find((known) => known.name === name);
  if (destination === undefined) return { name, found: 'no set' };
  try {
    const manifest = await destination.store.head(`${destination.prefix}${setId}/${fileName.manifest}`);
    if (manifest === undefined) return { name, found: 'no set' };
    return isOurs(manifest, manifestSha256)
      ? { name, found: 'set', at: manifest.modified }
      : { name, found: 'foreign' };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return { name, found: 'unknown', why: error.message };
  }
}

/** Whoever may write into the store may lay something under the manifest's name in the folder of a dead run. */
function isOurs({ sha256 }: StoredObject, sent: string | null): boolean {
  return sent !== null && (sha256 === undefined || sha256 === sent);
}

function* told(
  { setId, state, complete }: OpenRun,
  looks: readonly Look[],
  where: (found: Look['found']) => readonly string[],
): Iterable<string> {
  for (const name of where('foreign'))
    yield `${name} has a manifest of ${setId} that this host never sent: somebody else has written it`;
  for (const look of looks)
    if (look.found === 'unknown')
      yield `what became of the run ${setId} at ${look.name} cannot be told yet: ${look.why}`;
  // An interrupted settlement, or completion, has told nobody of what it had noted down.
  const having = state === 'running' ? [...complete, ...where('set')] : where('set');
  if (having.length > 0)
    yield state === 'running'
      ? `the run ${setId} was stopped after its set was whole at ${having.join(', ')}; it is counted now`
      : `the set ${setId} is whole at ${having.join(', ')}, too; it is counted now`;
  const lacking = where('no set');
  if (having.length + complete.length + where('unknown').length === 0)
    yield `the run ${setId} did not end: it left no set, only parts that no manifest names`;
  else if (lacking.length > 0) yield `the set ${setId} is not whole at ${lacking.join(', ')}`;
}
