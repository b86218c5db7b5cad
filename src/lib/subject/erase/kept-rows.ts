import type { JsonObject, JsonValue } from '../../crypto/canonical-json.ts';
import type { DataMap } from '../../platform/map/index.ts';
import { mapModel } from '../../platform/map/index.ts';
import type { HeldRows } from './closure/holds.ts';
import { lawOf } from './closure/treatment.ts';
import type { EraseInputs } from './inputs.ts';
import { type StayingRows, stayingRows } from './run/staying.ts';

/**
 * Rows that stay, and why, as they were counted at the end; of an erasure that was stopped under an older version behind
 * that count, as its plan has them.
 * @param residue the result of that step
 */
export function keptRows(
  map: DataMap,
  { rows, holds }: Pick<EraseInputs, 'rows' | 'holds'>,
  residue: JsonObject,
): readonly JsonValue[] {
  const counted = stayingRows.safeParse(residue['staying']).data;
  const staying = counted ?? rows.map((row) => ({ ...row, byLaw: row.action === 'law' }));
  const held = counted === undefined ? holds : (residue['holds'] as unknown as readonly HeldRows[]);
  const { tables } = mapModel(map);
  const needed = (table: string): number =>
    sumOf(staying.filter((row) => row.table === table && row.action === 'hold')) -
    sumOf(held.filter((row) => row.table === table));
  return [
    ...staying.flatMap(({ table, action, owned, byLaw, rows: count }): JsonValue[] => {
      const because = reasonOf({ action, owned });
      if (count === 0 || because === undefined) return [];
      const entry = tables.get(table);
      const law = entry === undefined || !byLaw ? null : (lawOf(entry) ?? null);
      const isRestricted = action === 'restrict' && (law === null || entry?.entry.erase === 'restrict');
      if (action === 'law' || (action === 'restrict' && !isRestricted))
        return [{ table, rows: count, because: 'law', law }];
      return [{ table, rows: count, because, ...(action === 'restrict' ? { law } : {}) }];
    }),
    ...held.map(({ hold, table, rows: count }) => ({ table, rows: count, because: 'hold', hold })),
    ...[...new Set(staying.map(({ table }) => table))].flatMap((table): JsonValue[] => {
      const count = needed(table);
      return count > 0 ? [{ table, rows: count, because: 'what a hold keeps needs it' }] : [];
    }),
  ];
}

const sumOf = (some: readonly { readonly rows: number }[]): number =>
  some.reduce((sum, { rows }) => sum + rows, 0);

/** @returns undefined for rows that are told by their hold, and for rows of others, which the steps count */
function reasonOf({ action, owned }: Pick<StayingRows[number], 'action' | 'owned'>): string | undefined {
  if (action === 'law') return 'law';
  if (action === 'restrict') return 'the data map restricts it';
  if (action === 'link') return 'it has nothing of the person but a key that referred to them';
  if (action === 'detach' && owned) return 'others share it';
  if (action === 'redact' && owned) return 'the data map keeps the row; what is personal in it is gone';
  return undefined;
}
