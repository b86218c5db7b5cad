export type FiringState = 'origin' | 'disabled' | 'replica' | 'always';

export interface Trigger {
  readonly oid: number;
  readonly name: string;
  readonly definition: string;
  readonly enabled: FiringState;
  readonly functionSchema: string;
  readonly functionName: string;
  /** The function's oid; its source stands among the catalog's routines unless it is the system's. */
  readonly function: number;
  readonly timing: 'before' | 'after' | 'instead-of';
  readonly level: 'row' | 'statement';
  readonly events: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  /** Of UPDATE OF; empty: any. */
  readonly columns: readonly string[];
  /** A copy that the server keeps on a partition for the partitioned table's trigger. */
  readonly inherited: boolean;
}

export interface EventTrigger {
  readonly oid: number;
  readonly name: string;
  /** `ddl_command_end`, `sql_drop`… */
  readonly event: string;
  readonly enabled: FiringState;
  readonly function: number;
  readonly owner: string;
  readonly tags: readonly string[] | null;
}
