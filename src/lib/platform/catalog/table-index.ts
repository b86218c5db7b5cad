export interface TableIndex {
  readonly oid: number;
  readonly name: string;
  readonly definition: string;
  /** `btree`, `hash`, `gin`… */
  readonly accessMethod: string;
  /** The keys in order; null where a key is an expression. */
  readonly columns: readonly (string | null)[];
  /** INCLUDE columns. */
  readonly included: readonly string[];
  readonly unique: boolean;
  readonly primary: boolean;
  /** False while CREATE INDEX CONCURRENTLY runs, and for ever after it failed. */
  readonly valid: boolean;
  /** False where uniqueness is checked only at the end of the statement or transaction. */
  readonly immediate: boolean;
  readonly expression: boolean;
  /** The WHERE of a partial index. */
  readonly predicate: string | null;
  /** The constraint that it enforces. */
  readonly constraint: string | null;
  /** As the last VACUUM, ANALYZE or CREATE INDEX saw it. */
  readonly estimatedBytes: number;
}

/** As the server sends it: the columns by attribute number. */
export interface TableIndexRow extends Omit<TableIndex, 'columns' | 'included'> {
  readonly relation: number;
  /** `2 0 5`: keys, then INCLUDE columns; 0 is an expression. */
  readonly attributes: string;
  /** How many of them are keys. */
  readonly keys: number;
}
