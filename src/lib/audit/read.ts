import { integrityError } from '../base/error.ts';
import { type Queryable, sqlState } from '../base/postgres.ts';
import { type AuditBody, auditBody } from './entry.ts';

export interface AuditFilter {
  /** Entries at or after this time, by the writer's clock. */
  readonly since?: Date;
  readonly action?: string;
  /** A plan's id, or its first digits. */
  readonly plan?: string;
  /** The newest so many; 50 unless told. */
  readonly limit?: number;
}

/** An entry as it stands in the log; `body` is undefined where it no longer has the form of one. */
export interface AuditRow {
  readonly seq: number;
  readonly hash: string;
  readonly body: AuditBody | undefined;
}

/**
 * The newest entries that match, oldest first. Reading proves nothing: `verifyAudit` does.
 * @throws {PosternError} exit 5, `code: 'audit-unreadable'`, when an entry is not even JSON
 */
export async function readAudit(db: Queryable, filter: AuditFilter = {}): Promise<readonly AuditRow[]> {
  try {
    return await query(db, filter);
  } catch (error) {
    if (sqlState(error) !== '22P02') throw error;
    throw integrityError('the audit log holds an entry that is not JSON', {
      code: 'audit-unreadable',
      cause: error,
      hints: ['`postern audit verify` names the entry'],
    });
  }
}

async function query(db: Queryable, filter: AuditFilter): Promise<readonly AuditRow[]> {
  const { rows } = await db.query<{ seq: string; hash: string; body: string }>(
    `select seq, hash, body from postern.audit_entry
     where ($1::text is null or body::jsonb ->> 'at' >= $1)
       and ($2::text is null or body::jsonb ->> 'action' = $2)
       and ($3::text is null or (body::jsonb ? 'plan' and starts_with(body::jsonb ->> 'plan', $3)))
     order by seq desc limit $4`,
    [filter.since?.toISOString() ?? null, filter.action ?? null, filter.plan ?? null, filter.limit ?? 50],
  );
  return rows.map(({ seq, hash, body }) => ({ seq: Number(seq), hash, body: parseBody(body) })).toReversed();
}

function parseBody(text: string): AuditBody | undefined {
  try {
    return auditBody.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
