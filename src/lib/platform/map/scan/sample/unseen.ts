import { sqlState } from '../../../../base/postgres.ts';
import type { Catalog } from '../../../catalog/index.ts';
import { formatName } from '../../name.ts';

/** What could not be looked at, and why. */
export interface Unseen {
  /** Canonical `schema.table`. */
  readonly table: string;
  /** Null: the whole table. */
  readonly column: string | null;
  readonly reason: string;
}

/**
 * Why a table could not be read, told by the kind of error alone: what the server says may quote values.
 * Undefined where nothing more can be asked, as the connection is gone, and for what is no error of the server's.
 */
export function unseenReason(error: unknown): string | undefined {
  const state = sqlState(error);
  if (state === undefined || /^(?:08|57P0)/.test(state)) return undefined;
  if (state === '42501') return 'permission denied, or rows that row security hides from this role';
  if (state === '57014') return 'it took too long to answer';
  if (state === '55P03') return lockedReason;
  return `the server refused with SQLSTATE ${state}`;
}

/** Whether an error is about the values that were asked for, and not about the table. */
export const isOfValues = (error: unknown): boolean =>
  !['42501', '57014', '55P03'].includes(sqlState(error) ?? '42501');

/** Adds the tables that were locked while the catalog was read, and of which nothing is told yet. */
export function withLocked(unseen: readonly Unseen[], { relations, locked }: Catalog): readonly Unseen[] {
  const told = new Set(unseen.flatMap(({ table, column }) => (column === null ? [table] : [])));
  const others = relations
    .filter(({ oid, kind }) => locked.includes(oid) && kind !== 'view')
    .map(({ schema, name }) => formatName(schema, name))
    .filter((table) => !told.has(table));
  return [...unseen, ...others.map((table) => ({ table, column: null, reason: lockedReason }))];
}

const lockedReason = 'another session holds a lock on it';
