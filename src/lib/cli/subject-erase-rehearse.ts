import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { EraseRehearsalResult } from '../subject/erase/results.ts';
import type { PosternContext } from './context.ts';
import { drillContext, drillServer } from './drill-options.ts';
import { displayNameLines, eraseReplay, personsToErase, sharedNames, unaskedLines } from './subject-erase.ts';

export interface RehearsalFlags {
  readonly tenant: string | undefined;
  readonly 'one-person'?: boolean;
  readonly shared?: readonly string[] | undefined;
  readonly set: string | undefined;
  readonly from: string | undefined;
  readonly server: string | undefined;
}

/**
 * Restores a backup as a drill does, erases there, looks for what is left, and throws all of it away. It counts as a drill.
 * @throws {PosternError} exit 2 `source-missing`; as `runDrill` and `rehearseErase`
 */
export async function rehearse(
  context: PosternContext,
  version: string,
  person: string,
  flags: RehearsalFlags,
): Promise<EraseRehearsalResult> {
  const { runDrill } = await import('../backup/drill/run-drill.ts');
  const { chooseRestoredSet } = await import('../backup/restore/choose-set.ts');
  const { openPlatform, openPlatformForChange } = await import('../platform/connection.ts');
  const { rehearseErase } = await import('../subject/erase/index.ts');
  const seeds = await personsToErase(context, person);
  const shared = await sharedNames(context, flags.shared);
  const drill = await drillContext(context, version, flags.from);
  const { set } = flags;
  const wish = { ...(set === undefined ? {} : { set }), whenDamaged: 'refuse' } as const;
  const setId = await chooseRestoredSet(drill.sets, wish, drill);
  const replay = eraseReplay(context);
  const map = await replay.map();
  let found: Omit<EraseRehearsalResult, 'rehearsed' | 'setId'> | undefined;
  await runDrill(drill, {
    setId,
    sources: ['platform'],
    smoke: [],
    whenDone: 'clean-up',
    startServer: await drillServer(context, flags.server),
    onRestored: async (_, url) => {
      const purpose = 'rehearsal';
      const db = await openPlatformForChange(url, { purpose });
      try {
        found = await rehearseErase(db, () => openPlatform(url, { purpose, statementTimeout: 0 }), {
          map,
          seeds,
          tenant: flags.tenant,
          onePerson: flags['one-person'],
          shared,
          holds: await replay.holds(map),
          pseudonym: await replay.pseudonym(),
          now: replay.now(),
          signal: context.signal,
        });
      } finally {
        await db.end().catch(() => {});
      }
    },
  });
  if (found === undefined) {
    throw usageError('the set holds no platform database', { code: 'source-missing' });
  }
  return { rehearsed: true, setId, ...found };
}

export function rehearsalLines({
  setId,
  persons,
  touched,
  seconds,
  left,
  displayNames,
  unasked,
}: EraseRehearsalResult): readonly string[] {
  return [
    `in a copy of set ${setId}: ${counted(persons, 'person')}, ${counted(touched, 'row')} deleted or changed in ${seconds.toFixed(1)} s`,
    ...left.map(
      ({ place, column, form, rows }) => `left: ${counted(rows, 'row')} of ${place}, ${column} (${form})`,
    ),
    ...displayNameLines(displayNames),
    ...unaskedLines(unasked),
    ...(left.length + unasked.length === 0 ? ['nothing is left where nothing is kept'] : []),
    'the copy is gone; the platform is as it was, and objects were not part of it',
  ];
}
