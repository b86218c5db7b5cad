import type { ObjectStore } from '../../cloud/object-store.ts';

/** The mail objects of a profile: which buckets go into its sets, and how often everything is stored anew. */
export interface ObjectBackup {
  /** Milliseconds: a set later than this after the last full one stores every object again. */
  readonly fullEvery: number;
  /** At least one; names are unique. */
  readonly buckets: readonly ObjectBucket[];
}

/** What the data map calls a bucket, and where it is. */
export interface ObjectBucket {
  readonly name: string;
  readonly store: ObjectStore;
  /** Stands in front of every key of the bucket inside the store; usually empty. */
  readonly prefix: string;
}

/** Rows of a table that name objects, from the data map. */
export interface ObjectReference {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly bucket: string;
  /** The key as text and columns. */
  readonly key: readonly ({ readonly text: string } | { readonly column: string })[];
  /** A row in which this column is null has no object; left out: every row has one. */
  readonly column?: string;
}
