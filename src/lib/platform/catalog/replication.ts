import type { AccessControlList } from './database.ts';

export interface Publication {
  readonly oid: number;
  readonly name: string;
  readonly owner: string;
  readonly allTables: boolean;
  /** Oids of the tables that are named one by one. */
  readonly relations: readonly number[];
}

export interface Subscription {
  readonly name: string;
  readonly owner: string;
  readonly enabled: boolean;
  readonly publications: readonly string[];
}

export interface ForeignServer {
  readonly oid: number;
  readonly name: string;
  readonly wrapper: string;
  readonly owner: string;
  readonly acl: AccessControlList;
}
