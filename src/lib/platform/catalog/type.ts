import type { AccessControlList } from './database.ts';

/** A type that somebody defined; tables' row types and arrays are left out. */
export interface UserType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'enum' | 'domain' | 'composite' | 'range';
  readonly owner: string;
  readonly acl: AccessControlList;
  /** Of an enum, in sort order. */
  readonly labels: readonly string[] | null;
  /** Of a domain, one level down. */
  readonly baseType: string | null;
  readonly notNull: boolean;
  readonly default: string | null;
  /** Of a domain: `CHECK (…)` each. */
  readonly checks: readonly string[] | null;
  /** Of a composite. */
  readonly attributes: readonly { readonly name: string; readonly type: string }[] | null;
  /** Of a range. */
  readonly subtype: string | null;
  readonly extension: string | null;
}
