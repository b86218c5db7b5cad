import { refused } from '../../base/error.ts';
import { inClosedDatabase } from '../restore/closed-database.ts';
import type { RestoreContext } from '../restore/context.ts';
import type { RestoreWork } from '../restore/work.ts';
import { dueErasures, requireLedgerOf } from './ledger.ts';
import type { ErasureEntry, ErasureReplay, ErasureReplayer } from './replayer.ts';

/** What was repeated in a restored database before anybody could connect to it. */
export interface ReplayedErasures {
  /** `skipped`: a person asked for it; `not due`: the state database holds no persons. */
  readonly state: 'replayed' | 'skipped' | 'not due';
  /** Of the ledger. */
  readonly entries: number;
  /** Deleted or changed. */
  readonly rows: number;
  readonly kinds: Readonly<Record<string, { readonly replayed: number; readonly rows: number }>>;
  /** Tables and columns of the restored database that the data map does not mention, so that nobody was looked for there. */
  readonly unmapped: readonly string[];
}

const nothing = { entries: 0, rows: 0, kinds: {}, unmapped: [] } as const;

/**
 * Repeats in a restored database, in one transaction, every erasure since the backup's snapshot.
 * @throws {PosternError} exit 6 `erasure-replay-missing`, `erasure-ledger-unknown`: the database then stays closed
 */
export async function replayDueErasures(
  context: RestoreContext,
  work: RestoreWork,
): Promise<ReplayedErasures> {
  if (work.erasures === 'skip') return { state: 'skipped', ...nothing };
  const due = await readDueErasures(context, work);
  if (due === 'not due') return { state: 'not due', ...nothing };
  return inClosedDatabase(context, work, async (client) => {
    const kinds: Record<string, Pick<ErasureReplay, 'replayed' | 'rows'>> = {};
    const unmapped = new Set<string>();
    await client.query('BEGIN');
    try {
      for (const { replayer, entries } of due) {
        context.signal.throwIfAborted();
        const {
          replayed,
          rows,
          unmapped: own = [],
        } = await replayer.replay(client, entries, {
          profile: context.profile,
          source: work.source.name,
          signal: context.signal,
        });
        kinds[replayer.kind] = { replayed, rows };
        for (const name of own) unmapped.add(name);
      }
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
    return {
      state: 'replayed',
      entries: due.reduce((sum, { entries }) => sum + entries.length, 0),
      rows: Object.values(kinds).reduce((sum, { rows }) => sum + rows, 0),
      kinds,
      unmapped: [...unmapped],
    };
  });
}

interface DueErasures {
  readonly replayer: ErasureReplayer;
  readonly entries: readonly ErasureEntry[];
}

/** The erasures that are due, by who repeats them. Errors as `replayDueErasures`, and as `prepare` of a replayer. */
export async function readDueErasures(
  context: RestoreContext,
  {
    manifest,
    source,
    workingName,
  }: Pick<RestoreWork, 'manifest' | 'source'> & { readonly workingName?: string },
): Promise<readonly DueErasures[] | 'not due'> {
  if (source.name === 'state') return 'not due';
  const db = await context.state();
  await requireLedgerOf(db, context.profile, manifest.setId);
  const entries = await dueErasures(db, {
    profile: context.profile,
    source: source.name,
    snapshotAt: new Date(manifest.startedAt),
  });
  const kinds = [...new Set(entries.map(({ kind }) => kind))];
  const replayers = new Map(context.erasureReplayers.map((replayer) => [replayer.kind, replayer]));
  const missing = kinds.filter((kind) => !replayers.has(kind));
  if (missing.length > 0) throw replayMissing(missing, workingName);
  const due = kinds.flatMap((kind) => {
    const replayer = replayers.get(kind);
    return replayer === undefined
      ? []
      : [{ replayer, entries: entries.filter((entry) => entry.kind === kind) }];
  });
  for (const { replayer, entries: own } of due) await replayer.prepare?.(own);
  return due;
}

function replayMissing(kinds: readonly string[], workingName: string | undefined): Error {
  return refused(`the ledger has erasures that this postern cannot repeat: ${kinds.join(', ')}`, {
    code: 'erasure-replay-missing',
    hints: [
      'use the postern that made them, or a newer one',
      ...(workingName === undefined ? [] : [`the database stays closed, under the name ${workingName}`]),
    ],
  });
}
