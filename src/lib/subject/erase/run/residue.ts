import type { Client } from '../../../base/postgres.ts';
import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { scanDatabase, scanObjects } from '../../residue/index.ts';
import { type Work, workSchema, workTable } from '../closure/work.ts';
import type { EraseContext } from '../context.ts';
import type { EraseInputs } from '../inputs.ts';
import { withWriter } from '../sessions.ts';
import type { ErasureRun } from './run.ts';

/**
 * Looks for every address of the persons in all that the database and the buckets hold. What stands where rows or fields
 * were kept on purpose is told apart from what should not be there.
 */
export async function lookForResidue(
  context: EraseContext,
  { task, transactions }: ErasureRun,
  inputs: EraseInputs,
): Promise<JsonObject> {
  const names = [...(task.known.get('email') ?? [])];
  if (names.length === 0) return { looked: false, unasked: [noAddress] };
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
  const isKept = await keptPlaces(transactions.db, task.work, inputs.rows);
  const isWork = (place: string) => place.replace(/^statistics of /, '').startsWith(`${workSchema}.`);
  const found = database.found.filter(({ place }) => !isWork(place));
  const tell = (some: typeof found): JsonObject[] =>
    some.map(({ place, column, form, rows }) => ({ place, column, form, rows }));
  return {
    looked: true,
    left: tell(found.filter((one) => !isKept(one))),
    kept: tell(found.filter(isKept)),
    // Of mail that others keep; the person's own is deleted by its key.
    objects: objects.found.map(({ place, column, form, rows }) => ({ place, column, form, rows })),
    places: database.places + objects.places,
    rows: database.rows,
    bytes: database.bytes + objects.bytes,
    unasked: [...database.unasked, ...objects.unasked].map(({ source, reason }) => ({ source, reason })),
  };
}

/** Told where nothing was looked for. */
export const noAddress = {
  source: 'what is left',
  reason: 'no address of theirs is known, and nothing else is looked for',
} as const;

/** Where something of the persons stays by the plan: whole tables with rows on hold or kept by law, and single columns. */
export async function keptPlaces(
  db: Client,
  work: Work,
  rows: readonly Pick<EraseInputs['rows'][number], 'table' | 'action' | 'rows'>[],
): Promise<(found: { readonly place: string; readonly column: string }) => boolean> {
  const tables = new Set(
    rows.flatMap(({ table, action, rows: count }) =>
      count > 0 && (action === 'law' || action === 'hold') ? table : [],
    ),
  );
  const { rows: found } = await db.query<{ part: string; name: string }>(
    `select distinct part, name from ${workTable(work, 'tally')} where name like 'kept %'`,
  );
  const columns = new Set(
    found.map(({ part, name }) => `${part.replace(/^change /, '')} ${name.replace(/^kept /, '')}`),
  );
  return ({ place, column }) => {
    const table = place.replace(/^statistics of /, '');
    return tables.has(table) || columns.has(`${table} ${column}`);
  };
}
