import type { Client } from '../../../base/postgres.ts';
import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { scanDatabase, scanObjects } from '../../residue/index.ts';
import { workSchema } from '../closure/work.ts';
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
  if (names.length === 0) return { looked: false };
  const options = {
    names,
    signal: context.signal,
    onPlace: (place: string) => context.progress.detail(place),
  };
  const database = await withWriter(context, async (db) => {
    await db.query('set statement_timeout = 0');
    return scanDatabase(db, options);
  });
  const objects = await scanObjects(await context.buckets(), options);
  const kept = await keptColumns(transactions.db, task.work.prefix, inputs);
  const isWork = (place: string) => place.replace(/^statistics of /, '').startsWith(`${workSchema}.`);
  const found = database.found.filter(({ place }) => !isWork(place));
  const isKept = ({ place, column }: (typeof found)[number]): boolean => {
    const table = place.replace(/^statistics of /, '');
    return kept.tables.has(table) || kept.columns.has(`${table} ${column}`);
  };
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

/** Where something of the persons stays by the plan: whole tables with rows on hold or kept by law, and single columns. */
async function keptColumns(db: Client, prefix: string, { rows }: EraseInputs) {
  const tables = new Set(
    rows.flatMap(({ table, action, rows: count }) =>
      count > 0 && (action === 'law' || action === 'hold') ? table : [],
    ),
  );
  const { rows: found } = await db.query<{ part: string; name: string }>(
    `select distinct part, name from ${workSchema}."${prefix}_tally" where name like 'kept %'`,
  );
  const columns = new Set(
    found.map(({ part, name }) => `${part.replace(/^change /, '')} ${name.replace(/^kept /, '')}`),
  );
  return { tables, columns };
}
