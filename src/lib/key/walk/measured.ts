import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { KeyContext } from '../context.ts';

/** What a step takes, for the certificate: time, calls of the key management service, write-ahead log. */
export async function measured(context: KeyContext, db: Client): Promise<() => Promise<JsonObject>> {
  const startedAt = performance.now();
  const calls = context.kmsCalls();
  const { rows } = await db.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  const lsn = rows[0]?.lsn ?? '0/0';
  return async () => {
    const { rows: now } = await db.query<{ bytes: string }>(
      'select pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)::bigint::text as bytes',
      [lsn],
    );
    return {
      seconds: Number(((performance.now() - startedAt) / 1000).toFixed(3)),
      kmsCalls: context.kmsCalls() - calls,
      walBytes: Number(now[0]?.bytes ?? 0),
    };
  };
}
