import type { Queryable } from '../base/postgres.ts';
import type { JsonValue } from '../crypto/canonical-json.ts';
import { isoTime } from '../state/iso-time.ts';
import type { OperatorKey } from './operator-key.ts';

export interface Operator {
  /** Of the OpenPGP primary key: 40 uppercase hexadecimal digits. */
  readonly fingerprint: string;
  readonly name: string;
  /** ASCII-armored. */
  readonly publicKey: string;
  /** RFC 3339, UTC. */
  readonly enrolledAt: string;
  readonly revokedAt: string | null;
  readonly revokeReason: string | null;
}

/** Every operator that ever was, in the order of enrolment. */
export async function listOperators(db: Queryable): Promise<readonly Operator[]> {
  const { rows } = await db.query<Operator>(
    `select fingerprint, name, public_key as "publicKey", ${isoTime('enrolled_at')} as "enrolledAt",
            ${isoTime('revoked_at')} as "revokedAt", revoke_reason as "revokeReason"
     from postern.operator order by enrolled_at, fingerprint`,
  );
  return rows;
}

export function isActive(operator: Operator): boolean {
  return operator.revokedAt === null;
}

/** Enrols a key, takes its new copy, or lifts its revocation; done twice it changes nothing more. */
export async function storeOperator(db: Queryable, key: OperatorKey, name: string): Promise<void> {
  await db.query(
    `insert into postern.operator as known (fingerprint, name, public_key) values ($1, $2, $3)
     on conflict (fingerprint) do update
       set name = excluded.name, public_key = excluded.public_key, revoked_at = null, revoke_reason = null,
           enrolled_at = case when known.revoked_at is null then known.enrolled_at else clock_timestamp() end`,
    [key.fingerprint, name, key.armored],
  );
}

/** Enrols the very first operator. @returns false when somebody was enrolled before, revoked or not */
export async function storeFirstOperator(db: Queryable, key: OperatorKey, name: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into postern.operator (fingerprint, name, public_key)
     select $1, $2, $3 where not exists (select from postern.operator)`,
    [key.fingerprint, name, key.armored],
  );
  return rowCount === 1;
}

/** Revokes an operator; a second time changes nothing. */
export async function markRevoked(db: Queryable, fingerprint: string, reason: string): Promise<void> {
  await db.query(
    `update postern.operator set revoked_at = clock_timestamp(), revoke_reason = $2
     where fingerprint = $1 and revoked_at is null`,
    [fingerprint, reason],
  );
}

/** What plans about operators are bound to: who is active now, and with which key. */
export function activeOperators(operators: readonly Operator[]): JsonValue {
  return operators
    .filter(isActive)
    .map(({ fingerprint, publicKey }) => ({ fingerprint, publicKey }))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}
