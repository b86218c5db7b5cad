import type { RestoreContext } from '../restore/context.ts';

/** What a drill works with; the server comes later. */
export interface DrillContext extends Omit<RestoreContext, 'serverUrl'> {
  /** `postern 0.1.0` */
  readonly tool: string;
}

/** A PostgreSQL server for scratch databases. */
export interface DrillServer {
  /** `embedded`: made for this drill, and gone after it. */
  readonly kind: 'embedded' | 'given';
  /** A superuser's, with its password. */
  readonly url: string;
  /** Stops and removes what was made for the drill. */
  close(): Promise<void>;
  /** Leaves it as it is. @returns how a person finds it and removes it */
  keep(): Promise<readonly string[]>;
}

/** A question to a restored database whose answer is known beforehand. */
export interface SmokeQuery {
  readonly name: string;
  /** The database of the set. */
  readonly source: string;
  readonly sql: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly expect: SmokeExpectation;
}

/** All of it must hold. */
export interface SmokeExpectation {
  /** How many rows. */
  readonly rows?: number;
  /** The only value of the only row is a number, at least this. */
  readonly min?: number;
  /** The only value of the only row. */
  readonly equals?: string | number | boolean | null;
}

export interface DrillOptions {
  readonly setId: string;
  /** Databases of the set; all of them unless told. */
  readonly sources?: readonly string[];
  readonly smoke: readonly SmokeQuery[];
  /** Milliseconds that a restore may take until it is open. */
  readonly rto?: number;
  readonly whenDone: 'clean-up' | 'keep';
  /** @param need the major version that the set came from, and the databases' names for messages */
  startServer(need: { readonly major: number }): Promise<DrillServer>;
  /** Works in a restored database before it is dropped; what it throws ends the drill. @param url a superuser's */
  onRestored?(source: string, url: string): Promise<void>;
}
