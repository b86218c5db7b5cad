import type { Client } from '../../base/postgres.ts';
import { type DataMap, mapModel } from '../../platform/map/index.ts';
import { sharedTest } from '../find/shared-names.ts';
import type { HoldMatcher } from '../hold/index.ts';
import { identitiesOf } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { scanDatabase } from '../residue/index.ts';
import type { Eraser } from './change/change-row.ts';
import { closureOf } from './closure/closure.ts';
import { blockers, requireUnblocked, requireWholeMap } from './closure/requirements.ts';
import { temporaryWork } from './closure/work.ts';
import { nobody } from './plan-erase.ts';
import type { EraseRehearsalResult } from './results.ts';
import { shortTransactions } from './run/batches.ts';
import { keptPlaces } from './run/kept-places.ts';
import { unaskedOf } from './run/residue.ts';
import { eraserOf } from './run/run.ts';
import { runRows } from './run/run-rows.ts';
import { countStaying } from './run/staying.ts';
import { refusedChanges } from './run/trial.ts';

export interface RehearsalOptions {
  readonly map: DataMap;
  readonly seeds: readonly KnownValues[];
  readonly tenant: string | undefined;
  readonly onePerson?: boolean | undefined;
  /** Names that several persons share, by kind of identity. */
  readonly shared: KnownValues;
  readonly holds: HoldMatcher | undefined;
  readonly pseudonym: Eraser['pseudonym'];
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * Erases persons in a copy of the platform that is thrown away afterwards: what the plan would be, how long its rows
 * take, and what is left. Objects are not touched.
 * @param openScan a session of its own on the same copy
 * @throws {PosternError} as `planErase`
 */
export async function rehearseErase(
  db: Client,
  openScan: () => Promise<Client>,
  options: RehearsalOptions,
): Promise<
  Pick<
    EraseRehearsalResult,
    'persons' | 'rows' | 'touched' | 'seconds' | 'left' | 'displayNames' | 'kept' | 'unasked'
  >
> {
  const { map, signal, now, pseudonym } = options;
  await db.query('set statement_timeout = 0');
  await db.query('begin isolation level repeatable read');
  const isShared = sharedTest(identitiesOf(mapModel(map)), options.shared, options.seeds);
  const closure = await closureOf(db, { ...options, isShared, at: now, work: temporaryWork });
  if (closure.rows.length === 0) throw nobody();
  requireWholeMap(map, closure.catalog);
  requireUnblocked(
    blockers({
      ...closure,
      treatments: closure.task.treatments,
      hasPseudonymKey: pseudonym !== undefined,
      objects: [],
      buckets: [],
    }),
  );
  requireUnblocked(await refusedChanges(db, closure, eraserOf(closure.task, pseudonym)));
  await db.query('commit');
  const began = performance.now();
  const touched = await runRows(closure, shortTransactions(db, signal), pseudonym);
  const seconds = (performance.now() - began) / 1000;
  const scan = await openScan();
  try {
    const names = [...(closure.task.known.get('email') ?? [])];
    const { called } = closure;
    const { found, unasked } = await scanDatabase(scan, { names, called, graph: closure.task.graph, signal });
    const places = found.map(({ place, column, form, rows }) => ({ place, column, form, rows }));
    const { task, catalog } = closure;
    const staying = await countStaying({ ...closure, transactions: { db } });
    const tellApart = await keptPlaces(db, { work: task.work, catalog, staying });
    return {
      persons: closure.persons.length,
      rows: closure.rows.map(({ table, action, owned, rows }) => ({ table, action, owned, rows })),
      touched,
      seconds: Math.round(seconds * 1000) / 1000,
      ...tellApart(places),
      unasked: unaskedOf(names, unasked),
    };
  } finally {
    await scan.end().catch(() => {});
  }
}
