import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { HoldMatcher } from '../hold/index.ts';
import type { KnownValues } from '../identity/spots.ts';
import { scanDatabase } from '../residue/index.ts';
import type { Eraser } from './change/change-row.ts';
import { type Closure, closureOf } from './closure/closure.ts';
import { blockers, requireUnblocked, requireWholeMap } from './closure/requirements.ts';
import { temporaryWork } from './closure/work.ts';
import type { EraseRehearsalResult } from './results.ts';
import { shortTransactions } from './run/batches.ts';
import { runRows } from './run/run-rows.ts';

export interface RehearsalOptions {
  readonly map: DataMap;
  readonly seeds: readonly KnownValues[];
  readonly tenant: string | undefined;
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
): Promise<Pick<EraseRehearsalResult, 'persons' | 'rows' | 'touched' | 'seconds' | 'left' | 'kept'>> {
  const { map, signal, now, pseudonym } = options;
  await db.query('set statement_timeout = 0');
  await db.query('begin isolation level repeatable read');
  const closure = await closureOf(db, { ...options, at: now, work: temporaryWork });
  await db.query('commit');
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
  const began = performance.now();
  const touched = await runRows(closure, shortTransactions(db, signal), pseudonym);
  const seconds = (performance.now() - began) / 1000;
  const scan = await openScan();
  try {
    const names = [...(closure.task.known.get('email') ?? [])];
    const { found } =
      names.length === 0 ? { found: [] } : await scanDatabase(scan, { names, signal, onPlace: () => {} });
    const places = found.map(({ place, column, form, rows }) => ({ place, column, form, rows }));
    const isKept = keptPlaces(closure);
    return {
      persons: closure.persons.length,
      rows: closure.rows.map(({ table, action, owned, rows }) => ({ table, action, owned, rows })),
      touched,
      seconds: Math.round(seconds * 1000) / 1000,
      left: places.filter((place) => !isKept(place.place)),
      kept: places.filter((place) => isKept(place.place)),
    };
  } finally {
    await scan.end().catch(() => {});
  }
}

/** Tables in which rows are kept on purpose: what stands there is no surprise. */
function keptPlaces({ rows, fields }: Closure): (place: string) => boolean {
  const tables = new Set(
    rows.flatMap(({ table, action, rows: count }) => {
      const keeps = (fields.get(table) ?? []).some(({ rule }) => typeof rule === 'object' && 'keep' in rule);
      return count > 0 && (action === 'law' || action === 'hold' || keeps) ? table : [];
    }),
  );
  return (place) => tables.has(place.replace(/^statistics of /, ''));
}
