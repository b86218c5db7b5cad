import type { Constraint } from './constraint.ts';
import type { AccessControlList } from './database.ts';
import type { Policy, Rule } from './policy.ts';
import type { TableIndex } from './table-index.ts';
import type { Trigger } from './trigger.ts';

type RelationKind =
  | 'table'
  | 'partitioned-table'
  | 'view'
  | 'materialised-view'
  | 'foreign-table'
  | 'sequence';

/** A row of pg_class; a partition is a table (or partitioned or foreign table) whose `partitionOf` is set. */
export interface RelationRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
  /** Temporary relations are left out. */
  readonly persistence: 'permanent' | 'unlogged';
  readonly acl: AccessControlList;
  /** Storage parameters and view options, `name=value` each: `security_invoker=true`. */
  readonly options: readonly string[] | null;
  readonly rowSecurity: boolean;
  /** Row security holds for the owner as well. */
  readonly forceRowSecurity: boolean;
  /** False for a materialised view WITH NO DATA. */
  readonly populated: boolean;
  /** The oid of the partitioned table that this is a partition of. */
  readonly partitionOf: number | null;
  /** `FOR VALUES FROM … TO …` or `DEFAULT`. */
  readonly partitionBound: string | null;
  /** `RANGE (created_at)`, of a partitioned table. */
  readonly partitionKey: string | null;
  /** Of the main fork; 0 for what stores no rows itself. */
  readonly bytes: number;
  /** Of the TOAST table, which holds the long values. */
  readonly toastBytes: number;
  /** As the last VACUUM or ANALYZE saw it; null before the first. */
  readonly estimatedRows: number | null;
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
  /** The extension that it belongs to. */
  readonly extension: string | null;
  /** Null: the database's own. */
  readonly tablespace: string | null;
  readonly accessMethod: string | null;
}

export interface Column {
  /** attnum: order in the table, with gaps where columns were dropped. */
  readonly number: number;
  readonly name: string;
  /** With its modifiers, as format_type writes it: `character varying(40)`, `public.email`. */
  readonly type: string;
  /** The type under all domains; the same as `type` where it is no domain. */
  readonly baseType: string;
  readonly baseTypeOid: number;
  readonly notNull: boolean;
  /** The default's, or the generated column's, expression. */
  readonly default: string | null;
  readonly generated: 'stored' | 'virtual' | null;
  readonly identity: 'always' | 'by-default' | null;
  /** Quoted and qualified; null where it is the type's own. */
  readonly collation: string | null;
  /** Where the type's `>` and `=` are, as those of citext are its extension's; null: pg_catalog. */
  readonly operatorSchema: string | null;
  readonly acl: AccessControlList;
}

/** A relation with everything that hangs on it; foreign keys stand apart, as they belong to two. */
export interface Relation extends RelationRow {
  /** In attnum order, without dropped ones; none for a sequence. */
  readonly columns: readonly Column[];
  readonly constraints: readonly Constraint[];
  readonly indexes: readonly TableIndex[];
  readonly triggers: readonly Trigger[];
  readonly rules: readonly Rule[];
  readonly policies: readonly Policy[];
}
