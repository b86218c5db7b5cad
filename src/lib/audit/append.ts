import type { Queryable } from '../base/postgres.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../crypto/canonical-json.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import { inTransaction, type StateDatabase } from '../state/transaction.ts';
import type { Actor } from './actor.ts';
import { type AuditEvent, genesisHash } from './entry.ts';

/** What a caller says; number, chain and hash are added. Nothing here may be secret or name a data subject. */
export interface AuditEntry {
  readonly at: Date;
  readonly event: AuditEvent;
  readonly action: string;
  readonly run: string;
  readonly actor: Actor;
  readonly target?: string;
  readonly plan?: string;
  readonly detail?: JsonObject;
  readonly error?: { readonly code: string; readonly exitCode: number };
}

/** Where an entry came to stand: enough to find it again, and to see a log that was cut before it. */
export interface AuditAnchor {
  readonly seq: number;
  /** SHA-256 of the entry's body, lowercase hex. */
  readonly hash: string;
}

/**
 * Appends one entry to the hash chain, in a transaction of its own. An advisory lock puts all writers in a queue, so
 * numbers have no gaps and every entry names the hash of the one before.
 */
export async function appendAudit(db: StateDatabase, entry: AuditEntry): Promise<AuditAnchor> {
  return inTransaction(db, async (client) => {
    await client.query(`select pg_advisory_xact_lock(hashtextextended('postern audit', 0))`);
    const last = await readHead(client);
    const seq = (last?.seq ?? 0) + 1;
    const body = canonicalJson(
      storable({
        formatVersion: 1,
        seq,
        previousHash: last?.hash ?? genesisHash,
        ...entry,
        at: entry.at.toISOString(),
        actor: { ...entry.actor },
      }),
    );
    const hash = sha256Hex(body);
    await client.query('insert into postern.audit_entry (seq, hash, body) values ($1, $2, $3)', [
      seq,
      hash,
      body,
    ]);
    return { seq, hash };
  });
}

/** The newest entry, or undefined while the log is empty. */
async function readHead(client: Queryable): Promise<AuditAnchor | undefined> {
  const { rows } = await client.query<{ seq: string; hash: string }>(
    'select seq, hash from postern.audit_entry order by seq desc limit 1',
  );
  const row = rows[0];
  return row === undefined ? undefined : { seq: Number(row.seq), hash: row.hash };
}

/** Without undefined members, and without the characters that PostgreSQL's jsonb or canonical JSON refuses. */
function storable(value: { readonly [key: string]: JsonValue | undefined }): JsonObject {
  const members = Object.entries(value).filter(
    (member): member is [string, JsonValue] => member[1] !== undefined,
  );
  return Object.fromEntries(members.map(([key, item]) => [wellFormed(key), storableValue(item)]));
}

function storableValue(value: JsonValue): JsonValue {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value !== 'object' || value === null) return value;
  return isList(value) ? value.map(storableValue) : storable(value);
}

/** `Array.isArray` does not see that a readonly array is one. */
function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
