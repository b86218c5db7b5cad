import type { AccessControlList } from './database.ts';

/** A function that a trigger calls or that runs with its owner's rights; others are left out. */
export interface Routine {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As DROP FUNCTION wants them. */
  readonly arguments: string;
  readonly returns: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly language: string;
  readonly owner: string;
  readonly acl: AccessControlList;
  readonly securityDefiner: boolean;
  /** `search_path=…` and the like. */
  readonly settings: readonly string[] | null;
  /** Empty for a function written with BEGIN ATOMIC. */
  readonly source: string;
  readonly extension: string | null;
}
