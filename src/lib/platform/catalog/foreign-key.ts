import type { TableIndex } from './table-index.ts';

type ReferentialAction = 'no-action' | 'restrict' | 'cascade' | 'set-null' | 'set-default';

export interface ForeignKeyRow {
  readonly oid: number;
  readonly name: string;
  readonly relation: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly referencedRelation: number;
  readonly referencedSchema: string;
  readonly referencedTable: string;
  /** In the order of `columns`. */
  readonly referencedColumns: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  /** The columns that `ON DELETE SET NULL (…)` names; null: all of them. */
  readonly onDeleteColumns: readonly string[] | null;
  readonly match: 'simple' | 'full';
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly validated: boolean;
  /** False for NOT ENFORCED, which PostgreSQL 18 brought. */
  readonly enforced: boolean;
}

export interface ForeignKey extends ForeignKeyRow {
  /** An index that finds the referencing rows, without which every delete of a referenced row scans the table. */
  readonly supportingIndex: string | null;
}

/**
 * An index whose leading keys are exactly the foreign key's columns, in any order: valid, for all rows, and of an
 * access method that looks up equality.
 */
export function supportingIndex(
  columns: readonly string[],
  indexes: readonly TableIndex[],
): TableIndex | undefined {
  const wanted = [...new Set(columns)];
  return indexes.find((index) => {
    const leading = index.columns.slice(0, wanted.length);
    return (
      index.valid &&
      index.predicate === null &&
      (index.accessMethod === 'btree' || (index.accessMethod === 'hash' && columns.length === 1)) &&
      wanted.every((column) => leading.includes(column))
    );
  });
}
