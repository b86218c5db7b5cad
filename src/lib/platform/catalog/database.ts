/** An access control list as PostgreSQL writes its items (`role=arwdDxtm/grantor`); null means the built-in default. */
export type AccessControlList = readonly string[] | null;

export interface Server {
  /** `18.4 (Debian 18.4-1)` */
  readonly version: string;
  /** `180004` */
  readonly versionNumber: number;
  /** Bytes in a page, 8192 nearly always. */
  readonly blockSize: number;
  readonly standby: boolean;
  /** Of the cluster, a 64-bit number as text; null where pg_control_system is denied. */
  readonly systemIdentifier: string | null;
}

export interface Database {
  readonly oid: number;
  readonly name: string;
  readonly owner: string;
  /** `UTF8`, `SQL_ASCII`, `LATIN1`… */
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly localeProvider: 'libc' | 'icu' | 'builtin';
  /** The locale of the icu or builtin provider. */
  readonly locale: string | null;
  readonly icuRules: string | null;
  readonly collationVersion: string | null;
  /** -1 is no limit. */
  readonly connectionLimit: number;
  readonly acl: AccessControlList;
}

/** One row of pg_db_role_setting that applies in this database. */
export interface DatabaseSetting {
  /** Null: for every role. */
  readonly role: string | null;
  /** False: for every database. */
  readonly thisDatabase: boolean;
  /** `name=value` each. */
  readonly settings: readonly string[];
}

export interface Schema {
  readonly oid: number;
  readonly name: string;
  readonly owner: string;
  readonly acl: AccessControlList;
  /** The extension that it belongs to. */
  readonly extension: string | null;
}
