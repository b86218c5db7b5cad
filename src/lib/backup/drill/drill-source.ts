import { randomBytes } from 'node:crypto';
import { databaseFailure } from '../database-failure.ts';
import { readDueErasures } from '../erasure/replay.ts';
import type { RestoreContext } from '../restore/context.ts';
import { chooseKeyring } from '../restore/keyring-choice.ts';
import { openSource } from '../restore/opened-set.ts';
import { checkServer } from '../restore/preflight.ts';
import { replayedErasures } from '../restore/results.ts';
import { databaseStep, databaseSteps } from '../restore/steps.ts';
import type { RestoreWork } from '../restore/work.ts';
import { type DrilledSource, drilledSource } from './results.ts';
import { createScratch, openScratch, type ScratchDatabase } from './scratch-database.ts';
import { newScratchName } from './scratch-mark.ts';
import type { Stopwatch } from './stopwatch.ts';

/** A database of the set, restored into a scratch database. */
export interface RestoredSource {
  readonly work: RestoreWork;
  readonly result: DrilledSource;
}

/**
 * Restores one database of a set by the very steps of a restore.
 * @param onScratch gets the scratch database as soon as it is there, so that it is dropped whatever follows
 * @throws {PosternError} exit 5 `restore-differs`; exit 6 as `checkServer` and `replayDueErasures`
 */
export async function drillSource(
  context: RestoreContext,
  setId: string,
  sourceName: string,
  { watch, onScratch }: { readonly watch: Stopwatch; readonly onScratch: (scratch: ScratchDatabase) => void },
): Promise<RestoredSource> {
  const phase = <T>(name: string, work: () => Promise<T>): Promise<T> => watch.phase(name, sourceName, work);
  const work = await phase('open-set', () => openWork(context, setId, sourceName));
  const scratch = await phase('create', () => createScratch(context, work));
  onScratch(scratch);
  const results = new Map<string, unknown>();
  try {
    for (const step of databaseSteps) {
      context.signal.throwIfAborted();
      const shown = context.progress.step(`${sourceName}: ${step}`);
      // The empty database is there already.
      const name = step === 'create' ? 'prepare' : step;
      results.set(step, await phase(name, () => databaseStep[step](context, work)));
      shown.done();
    }
    await phase('open', () => openScratch(context, work, scratch));
  } catch (error) {
    throw databaseFailure(error, 'the server stopped the drill');
  }
  const comparison = results.get('compare') as Partial<DrilledSource>;
  return {
    work,
    result: drilledSource.parse({
      name: sourceName,
      ...comparison,
      keyring: results.get('keyring'),
      erasures: replayedErasures.parse(results.get('erasures')),
    }),
  };
}

async function openWork(context: RestoreContext, setId: string, sourceName: string): Promise<RestoreWork> {
  const opened = await openSource(context, setId, sourceName);
  const workingName = newScratchName(randomBytes(8).toString('hex'));
  await checkServer(context.serverUrl, workingName, opened.source);
  // Known too late, it would be after hours of loading.
  await readDueErasures(context, opened);
  const { keyring, lostKeyrings } = await chooseKeyring(context, opened, { chosen: undefined });
  return {
    ...opened,
    workingName,
    chosen: undefined,
    keyring,
    lostKeyrings,
    erasures: 'replay',
  };
}
