export interface Constraint {
  readonly oid: number;
  readonly name: string;
  readonly kind: 'primary-key' | 'unique' | 'exclusion' | 'check';
  /** In the constraint's order. */
  readonly columns: readonly string[];
  readonly definition: string;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly validated: boolean;
  /** The oid of the index behind it. */
  readonly index: number | null;
}

/** As the server sends it: the columns by attribute number. */
export interface ConstraintRow extends Omit<Constraint, 'columns'> {
  readonly relation: number;
  /** Null for a CHECK without columns. */
  readonly attributes: readonly number[] | null;
}
