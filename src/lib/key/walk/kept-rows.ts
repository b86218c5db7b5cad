import type { Client } from '../../base/postgres.ts';
import type { Relation } from '../../platform/catalog/index.ts';
import { beforeCommit, ownNames } from '../../platform/change-rows.ts';

/** What became of rows that were to be changed, by their positions; those that are in neither were others by then. */
export interface ChangedRows {
  readonly done: ReadonlySet<number>;
  /** Where something else stands afterwards than was sent: they are as they were before. */
  readonly notKept: ReadonlySet<number>;
}

/** Under which such rows come into quarantine: a trigger put something else there. */
export const notKeptReason = 'value-not-kept';

/** By the position of each row that was changed: whether what stands there is what was sent. */
type Kept = ReadonlyMap<number, boolean>;

export interface RowWriter<Change> {
  /** Tells of what triggers before the change made of it. */
  readonly write: (changes: readonly Change[]) => Promise<Kept>;
  /** Looks again after triggers that run after the change; undefined where there are none. */
  readonly look: ((changes: readonly Change[]) => Promise<Kept>) | undefined;
}

/** Whether a change of this table sets off triggers when it is done: only then is a second look needed. */
export const isChangedAfter = ({ triggers }: Pick<Relation, 'triggers'>): boolean =>
  triggers.some(
    ({ timing, events, enabled }) =>
      timing === 'after' && events.includes('update') && enabled !== 'disabled',
  );

/**
 * Changes rows in one transaction, and undoes all of it where the database keeps something else than was sent; then
 * those that it kept are changed again, without the others.
 */
export async function changeKept<Change>(
  db: Pick<Client, 'query'>,
  changes: readonly Change[],
  writer: RowWriter<Change>,
): Promise<ChangedRows> {
  const notKept = new Set<number>();
  for (;;) {
    const tried = [...changes.entries()].filter(([at]) => !notKept.has(at));
    const written = tried.length === 0 ? [] : await tryWrite(db, tried, writer);
    const lost = written.filter(({ isKept }) => !isKept);
    if (lost.length === 0) return { done: new Set(written.map(({ at }) => at)), notKept };
    for (const { at } of lost) notKept.add(at);
  }
}

async function tryWrite<Change>(
  db: Pick<Client, 'query'>,
  tried: readonly (readonly [at: number, change: Change])[],
  { write, look }: RowWriter<Change>,
): Promise<readonly { readonly at: number; readonly isKept: boolean }[]> {
  const changes = tried.map(([, change]) => change);
  await db.query('begin');
  try {
    const found = await write(changes);
    if (look !== undefined) await db.query('set constraints all immediate');
    await ownNames(db);
    const seen = await look?.(changes);
    const written = [...found].map(([position, isKept]) => ({
      at: tried[position]?.[0] ?? -1,
      isKept: isKept && (seen === undefined || seen.get(position) === true),
    }));
    await beforeCommit(db);
    await db.query(written.every(({ isKept }) => isKept) ? 'commit' : 'rollback');
    return written;
  } catch (error) {
    await db.query('rollback').catch(() => {});
    throw error;
  }
}
