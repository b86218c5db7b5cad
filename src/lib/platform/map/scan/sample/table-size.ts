import type { Catalog, Relation } from '../../../catalog/index.ts';

export interface TableSize {
  /** Without TOAST, partitions included. */
  readonly bytes: number;
  readonly toastBytes: number;
  /** As the last VACUUM or ANALYZE saw it; else guessed from the bytes. */
  readonly rows: number;
}

/** Bytes that a row takes where nobody has counted any. */
const guessedRow = 100;

/** How large a table is, with its partitions at any depth, from the catalog alone. */
export function tableSize(relation: Relation, { relations }: Catalog): TableSize {
  const parts = relations.filter(({ partitionOf }) => partitionOf === relation.oid);
  if (parts.length === 0) {
    const { bytes, toastBytes, estimatedRows } = relation;
    return { bytes, toastBytes, rows: estimatedRows ?? Math.ceil(bytes / guessedRow) };
  }
  return parts
    .map((part) => tableSize(part, { relations } as Catalog))
    .reduce((sum, size) => ({
      bytes: sum.bytes + size.bytes,
      toastBytes: sum.toastBytes + size.toastBytes,
      rows: sum.rows + size.rows,
    }));
}
