import type { Client } from '../../base/postgres.ts';

/** What became of rows that were to be changed, by their positions; those that are in neither were others by then. */
export interface ChangedRows {
  readonly done: ReadonlySet<number>;
  /** Where something else stands afterwards than was sent: they are as they were before. */
  readonly notKept: ReadonlySet<number>;
}

/** Under which such rows come into quarantine: a trigger put something else there. */
export const notKeptReason = 'value-not-kept';

/**
 * Changes rows in one transaction, and undoes all of it where the database keeps something else than was sent; then
 * those that it kept are changed again, without the others.
 * @param write tells of each row that it changed, by its position, whether what stands there is what was sent
 */
export async function changeKept<Change>(
  db: Pick<Client, 'query'>,
  changes: readonly Change[],
  write: (changes: readonly Change[]) => Promise<ReadonlyMap<number, boolean>>,
): Promise<ChangedRows> {
  const notKept = new Set<number>();
  for (;;) {
    const tried = [...changes.keys()].filter((at) => !notKept.has(at));
    const written = tried.length === 0 ? [] : await tryWrite(db, changes, tried, write);
    const lost = written.filter(({ isKept }) => !isKept);
    if (lost.length === 0) return { done: new Set(written.map(({ at }) => at)), notKept };
    for (const { at } of lost) notKept.add(at);
  }
}

async function tryWrite<Change>(
  db: Pick<Client, 'query'>,
  changes: readonly Change[],
  tried: readonly number[],
  write: (changes: readonly Change[]) => Promise<ReadonlyMap<number, boolean>>,
): Promise<readonly { readonly at: number; readonly isKept: boolean }[]> {
  await db.query('begin');
  try {
    const found = await write(tried.map((at) => changes[at] as Change));
    const written = [...found].map(([position, isKept]) => ({ at: tried[position] ?? -1, isKept }));
    await db.query(written.every(({ isKept }) => isKept) ? 'commit' : 'rollback');
    return written;
  } catch (error) {
    await db.query('rollback').catch(() => {});
    throw error;
  }
}
