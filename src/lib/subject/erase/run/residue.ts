import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { scanDatabase, scanObjects } from '../../residue/index.ts';
import { heldSoFar } from '../closure/holds.ts';
import { workSchema } from '../closure/work.ts';
import type { EraseContext } from '../context.ts';
import { withWriter } from '../sessions.ts';
import { keptPlaces } from './kept-places.ts';
import type { ErasureRun } from './run.ts';
import { countStaying } from './staying.ts';

/**
 * Looks for every address of the persons in all that the database and the buckets hold. What stands where rows or fields
 * were kept on purpose is told apart from what should not be there.
 */
export async function lookForResidue(context: EraseContext, run: ErasureRun): Promise<JsonObject> {
  const { task, transactions, catalog } = run;
  const { db: own } = transactions;
  const staying = await countStaying(run);
  const stays = { staying: staying.map((row) => ({ ...row })), holds: await holdsOf(run) };
  const names = [...(task.known.get('email') ?? [])];
  if (names.length === 0) return { ...stays, looked: false, unasked: [noAddress] };
  const options = {
    names,
    graph: task.graph,
    signal: context.signal,
    onPlace: (place: string) => context.progress.detail(place),
  };
  const database = await withWriter(context, async (db) => {
    await db.query('set statement_timeout = 0');
    return scanDatabase(db, options);
  });
  const objects = await scanObjects(await context.buckets(), options);
  const tellApart = await keptPlaces(own, { work: task.work, catalog, staying });
  const isWork = (place: string) => place.replace(/^statistics of /, '').startsWith(`${workSchema}.`);
  const found = database.found.filter(({ place }) => !isWork(place));
  const tell = (some: typeof found): JsonObject[] =>
    some.map(({ place, column, form, rows }) => ({ place, column, form, rows }));
  const { left, kept } = tellApart(found);
  return {
    ...stays,
    looked: true,
    left: tell(left),
    kept: tell(kept),
    // Of mail that others keep; the person's own is deleted by its key.
    objects: objects.found.map(({ place, column, form, rows }) => ({ place, column, form, rows })),
    places: database.places + objects.places,
    rows: database.rows,
    bytes: database.bytes + objects.bytes,
    unasked: [...database.unasked, ...objects.unasked].map(({ source, reason }) => ({ source, reason })),
  };
}

/** Also what was placed since the plan was made. */
export const holdsOf = async ({ transactions, task }: Pick<ErasureRun, 'transactions' | 'task'>) =>
  (await heldSoFar(transactions.db, task.work)).map((one) => ({ ...one }));

/** Told where nothing was looked for. */
export const noAddress = {
  source: 'what is left',
  reason: 'no address of theirs is known, and nothing else is looked for',
} as const;
