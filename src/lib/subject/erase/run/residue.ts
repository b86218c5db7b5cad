import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { withBare } from '../../identity/identities.ts';
import { scanDatabase, scanObjects } from '../../residue/index.ts';
import { heldSoFar } from '../closure/holds.ts';
import { workSchema } from '../closure/work.ts';
import type { EraseContext } from '../context.ts';
import { withWriter } from '../sessions.ts';
import { keptPlaces } from './kept-places.ts';
import { type ErasureRun, readCalled } from './run.ts';
import { countStaying } from './staying.ts';

/**
 * Looks for every address of the persons, and for what they are called, in all that the database and the buckets hold. What stands where rows or fields
 * were kept on purpose is told apart from what should not be there.
 */
export async function lookForResidue(context: EraseContext, run: ErasureRun): Promise<JsonObject> {
  const { task, transactions, catalog } = run;
  const { db: own } = transactions;
  const staying = await countStaying(run);
  const stays = { staying: staying.map((row) => ({ ...row })), holds: await holdsOf(run) };
  const names = withBare([...(task.known.get('email') ?? [])], task.graph.identities.values());
  const called = await readCalled(own, task.work);
  if (names.length + called.length === 0) return { ...stays, looked: false, unasked: [noAddress] };
  const options = {
    names,
    called,
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
  // What the work tables of this and of other erasures hold goes with them.
  const isWork = (place: string) => place.replace(/^statistics of /, '').startsWith(`${workSchema}.`);
  const found = database.found.filter(({ place }) => !isWork(place));
  const tell = (some: typeof found): JsonObject[] =>
    some.map(({ place, column, form, rows }) => ({ place, column, form, rows }));
  const { left, displayNames, kept } = tellApart(found);
  const isName = ({ form }: (typeof found)[number]) => form === 'name';
  return {
    ...stays,
    looked: names.length > 0,
    left: tell(left),
    displayNames: tell([...displayNames, ...objects.found.filter(isName)]),
    kept: tell(kept),
    // Of mail that others keep; the person's own is deleted by its key.
    objects: tell(objects.found.filter((one) => !isName(one))),
    places: database.places + objects.places,
    rows: database.rows,
    bytes: database.bytes + objects.bytes,
    unasked: unaskedOf(names, [...database.unasked, ...objects.unasked]),
  };
}

/** Also what was placed since the plan was made. */
export const holdsOf = async ({ transactions, task }: Pick<ErasureRun, 'transactions' | 'task'>) =>
  (await heldSoFar(transactions.db, task.work)).map((one) => ({ ...one }));

/** Told where no address was looked for. */
const noAddress = {
  source: 'what is left',
  reason: 'no address of theirs is known, and nothing else tells them from others',
} as const;

/** What was not looked for, and where nothing could be looked for. */
export const unaskedOf = (
  addresses: readonly string[],
  found: readonly { readonly source: string; readonly reason: string }[],
) => [
  ...(addresses.length === 0 ? [noAddress] : []),
  ...found.map(({ source, reason }) => ({ source, reason })),
];
