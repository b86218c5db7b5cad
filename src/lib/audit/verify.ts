import { onConnection, type StateDatabase } from '../state/transaction.ts';
import type { AuditAnchor } from './append.ts';
import { type AuditFinding, ChainCheck, type StoredEntry } from './chain-check.ts';

export interface AuditVerification {
  readonly entries: number;
  /** The newest entry: an anchor to keep outside the database for the next verification. */
  readonly head?: AuditAnchor;
  /** The first hundred; empty when the log is whole. */
  readonly findings: readonly AuditFinding[];
  readonly findingCount: number;
}

const batch = 2_000;

/**
 * Reads the whole log in one snapshot, in a cursor of 2,000 entries at a time, and recomputes every hash. Without an
 * anchor a log that was cut at its end, or rewritten from some entry to its end, looks whole: keep anchors elsewhere.
 * @param options.anchor an earlier head that must still stand in the log
 */
export async function verifyAudit(
  db: StateDatabase,
  options: { readonly anchor?: AuditAnchor } = {},
): Promise<AuditVerification> {
  return onConnection(db, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    try {
      await client.query(
        'declare audit_walk no scroll cursor for select seq, hash, body from postern.audit_entry order by seq',
      );
      const check = new ChainCheck(options.anchor);
      for (;;) {
        const { rows } = await client.query<StoredEntry>(`fetch ${batch} from audit_walk`);
        for (const row of rows) check.add(row);
        if (rows.length < batch) return check.end();
      }
    } finally {
      await client.query('rollback').catch(() => {});
    }
  });
}
