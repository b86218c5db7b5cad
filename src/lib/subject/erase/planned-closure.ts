import type { Client } from '../../base/postgres.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { requireAllRows, requireRights } from '../../platform/rights.ts';
import { type Closure, type ClosureOptions, closureOf } from './closure/closure.ts';
import { isWritable } from './closure/freeze.ts';
import {
  blockers,
  eraseRights,
  requireUnblocked,
  requireWholeMap,
  requireWorkSchema,
} from './closure/requirements.ts';
import { temporaryWork } from './closure/work.ts';
import type { EraseContext } from './context.ts';
import { currentHolds } from './holds.ts';
import { eraserOf } from './run/run.ts';
import { refusedChanges } from './run/trial.ts';

/**
 * What a plan would touch, as it is now, once nothing stands in its way. Nothing is kept in the database.
 * @throws {PosternError} exit 2 as `resolvePersons`; exit 6 `map-incomplete`, `erase-blocked`, `role-cannot-write`,
 * `row-security`
 */
export async function plannedClosure(
  context: EraseContext,
  db: Client,
  options: Pick<ClosureOptions, 'seeds' | 'tenant' | 'onePerson' | 'isShared' | 'wholeTenant' | 'at'>,
): Promise<Closure> {
  const map = await context.map();
  const catalog = await readCatalog(db);
  requireWholeMap(map, catalog);
  await requireWorkSchema(db);
  const pseudonym = await context.pseudonym();
  await db.query('begin isolation level repeatable read');
  await db.query('set local statement_timeout = 0');
  const closure = await closureOf(db, {
    ...options,
    map,
    catalog,
    work: temporaryWork,
    holds: await currentHolds(context, map),
    signal: context.signal,
    onTable: (table) => context.progress.detail(table),
  });
  const { task, rows, fields } = closure;
  const { treatments } = task;
  requireUnblocked(
    blockers({
      ...closure,
      treatments,
      hasPseudonymKey: pseudonym !== undefined,
      buckets: (await context.buckets()).map(({ bucket }) => bucket),
    }),
  );
  await requireRights(db, eraseRights(rows, fields));
  await requireAllRows(
    db,
    [...treatments.values()].filter(isWritable).map(({ table }) => table.name),
  );
  requireUnblocked(await refusedChanges(db, closure, eraserOf(task, pseudonym)));
  await db.query('rollback');
  return closure;
}
