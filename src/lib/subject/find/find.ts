import { messageOf } from '../../base/error.ts';
import { type Client, sqlState } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { KnownValues } from '../identity/spots.ts';
import { countRows } from './count-rows.ts';
import type { Resolved } from './resolve.ts';
import type { SubjectFindResult } from './results.ts';
import { shownKey } from './shown-key.ts';
import { resolveWho, type Who } from './who.ts';

export interface FindOptions extends Who {
  /** Told before each table. */
  readonly onTable?: (table: string) => void;
  /** Told every name, for who must look elsewhere too; they are never to be kept or shown. */
  readonly onNames?: (names: KnownValues) => void;
}

type Found = Omit<SubjectFindResult, 'backups' | 'logs'>;

/**
 * Finds out what a platform holds of a person: their names to the last, and how many rows are theirs, shared with
 * others, or name them. Nothing is changed, and no value is returned.
 * @throws {PosternError} as `resolveWho`
 */
export async function findPerson(db: Client, map: DataMap, options: FindOptions): Promise<Found> {
  // All tables as they were at one moment; nothing is to be rolled back, and the session ends with its transaction.
  await db.query('begin isolation level repeatable read read only');
  const { resolving, resolved } = await resolveWho(db, map, options);
  options.onNames?.(resolved.known);
  const { graph } = resolving;
  const rows: Found['rows'] = [];
  const unasked: Found['unasked'] = [];
  for (const table of graph.model.tables.values()) {
    options.signal.throwIfAborted();
    options.onTable?.(table.name);
    await db.query('savepoint before_table');
    try {
      rows.push(...(await countRows(db, resolving, resolved, table)));
    } catch (error) {
      if (sqlState(error) === undefined) throw error;
      await db.query('rollback to before_table');
      unasked.push({ source: table.name, reason: messageOf(error) });
    }
  }
  return {
    verdict: verdictOf(resolved, rows),
    names: [...resolved.known].map(([kind, { size }]) => ({ kind, values: size })),
    persons: resolved.roots.map((root) => ({
      table: root.table,
      key: [...shownKey(graph.model.tables.get(root.table), root)],
      tenant: root.tenant,
    })),
    rows,
    unasked,
  };
}

/** One table has one row for a person, within one tenant. */
function verdictOf({ roots }: Resolved, rows: Found['rows']): Found['verdict'] {
  const places = roots.map(({ table, tenant }) => JSON.stringify([table, tenant]));
  if (new Set(places).size < places.length) return 'ambiguous';
  if (roots.length > 0) return 'found';
  return rows.length > 0 ? 'mentioned' : 'none';
}
