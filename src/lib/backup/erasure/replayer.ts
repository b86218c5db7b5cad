import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';

/** One erasure as the ledger remembers it: keyed HMACs and enumerations, nothing that names a person. */
export interface ErasureEntry {
  /** Its number in the ledger, decimal. */
  readonly entry: string;
  /** Names the replayer. */
  readonly kind: string;
  readonly detail: JsonObject;
  readonly planId: string | null;
  /** RFC 3339, UTC. */
  readonly erasedAt: string;
}

/** What an erasure is repeated in. */
export interface ErasureReplayContext {
  readonly profile: string;
  /** The database: `platform`, or the name of a further one. */
  readonly source: string;
  readonly signal: AbortSignal;
}

/** What one replayer did: entries that it looked for, and rows that it deleted or changed. */
export interface ErasureReplay {
  readonly replayed: number;
  readonly rows: number;
  /** `schema.table` or `schema.table.column` of the restored database, where it could look for nobody. */
  readonly unmapped?: readonly string[];
}

/**
 * Repeats one kind of erasure in a database that was restored from before it. It runs in a transaction that it must
 * not end, and may be asked again for what it has done: doing it twice is the same as doing it once.
 */
export interface ErasureReplayer {
  /** As entries of the ledger name it. */
  readonly kind: string;
  /**
   * Whether the entries can be repeated at all, asked before anything is loaded.
   * @throws {PosternError} exit 6 where they cannot
   */
  prepare?(entries: readonly ErasureEntry[]): Promise<void>;
  /** @param entries all that are due, oldest first */
  replay(
    client: Client,
    entries: readonly ErasureEntry[],
    context: ErasureReplayContext,
  ): Promise<ErasureReplay>;
}
