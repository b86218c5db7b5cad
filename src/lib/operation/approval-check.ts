import { integrityError, messageOf, PosternError, refused } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Queryable } from '../base/postgres.ts';
import { verifyDetached } from '../crypto/openpgp-signature.ts';
import { isoTime } from '../state/iso-time.ts';
import { requireTimely } from './approval.ts';
import type { OperationContext } from './context.ts';
import { readStoredOperatorKey } from './operator-key.ts';
import { listOperators, type Operator } from './operator-store.ts';
import { type Plan, requiredApprovals, shortId } from './plan.ts';

export interface Approval {
  readonly fingerprint: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly signedAt: string;
}

interface StoredSignature {
  readonly role: 'author' | 'approver';
  readonly fingerprint: string;
  readonly signature: string;
  /** RFC 3339, UTC, by the state database's clock. */
  readonly recordedAt: string;
}

/**
 * Verifies every signature on record again, and counts those of operators other than the author. Nothing is asked
 * where the profile asks for no approval.
 * @param startedAt when applying began, by the state database's clock; undefined before. Operators and their keys must
 * be valid then (or when they signed, if that was later), so that a plan that revokes one of its own approvers can be
 * finished after a crash; before it has begun, they must be valid now
 * @returns the approvals that count
 * @throws {PosternError} exit 6 `plan-unsigned` (the author's own signature is missing or void), `plan-unapproved`;
 * exit 5 `approval-tampered`
 */
export async function requireApprovals(
  context: OperationContext,
  db: Queryable,
  plan: Plan,
  startedAt: string | undefined,
): Promise<readonly Approval[]> {
  const required = requiredApprovals(context, plan.body);
  if (required === 0) return [];
  const operators = new Map((await listOperators(db)).map((operator) => [operator.fingerprint, operator]));
  const author = new Map<string, Approval>();
  const approvers = new Map<string, Approval>();
  const reasons: string[] = [];
  for (const stored of await readSignatures(db, plan.id)) {
    const operator = operators.get(stored.fingerprint);
    const checked = await checkSignature(context, plan, stored, operator, startedAt);
    if (typeof checked === 'string') reasons.push(checked);
    else if (stored.role === 'author') author.set(checked.fingerprint, checked);
    else approvers.set(checked.fingerprint, checked);
  }
  if (author.size === 0) throw unsigned(plan, reasons);
  if (approvers.size < required) throw unapproved(plan, approvers.size, required, reasons);
  return [...approvers.values()];
}

async function readSignatures(db: Queryable, planId: string): Promise<readonly StoredSignature[]> {
  const { rows } = await db.query<StoredSignature>(
    `select role, fingerprint, signature, ${isoTime('recorded_at')} as "recordedAt"
     from postern.plan_approval where plan_id = $1 order by approval`,
    [planId],
  );
  return rows;
}

/** The signature as an approval, or the reason why it does not count. */
async function checkSignature(
  context: OperationContext,
  plan: Plan,
  stored: StoredSignature,
  operator: Operator | undefined,
  startedAt: string | undefined,
): Promise<Approval | string> {
  const now = context.clock.now();
  // Both by the state database's clock. A signature may also be added after applying began.
  const counted = startedAt === undefined || startedAt > stored.recordedAt ? startedAt : stored.recordedAt;
  if (operator === undefined) throw tampered(plan, stored, 'nobody enrolled that operator');
  const { fingerprint, name } = operator;
  const isAuthor = fingerprint === plan.body.author.fingerprint;
  if ((stored.role === 'author') !== isAuthor) {
    return isAuthor ? `${name} is the author` : `${name} is not the author`;
  }
  const verified = await verifyDetached(Buffer.from(plan.text), stored.signature, [operator.publicKey], {
    at: now,
  }).catch((error: unknown) => {
    if (
      error instanceof PosternError &&
      (error.code === 'signer-revoked' || error.code === 'signer-expired')
    ) {
      return error.message;
    }
    throw tampered(plan, stored, messageOf(error), error);
  });
  if (typeof verified === 'string') return verified;
  // Times are in milliseconds, and the plan's own revocation can fall into the one that it began in.
  if (operator.revokedAt !== null && (counted === undefined || operator.revokedAt < counted)) {
    return `${name} was revoked at ${operator.revokedAt}`;
  }
  if (stored.recordedAt < operator.enrolledAt) {
    return `${name} signed before being enrolled again, and must sign once more`;
  }
  try {
    await readStoredOperatorKey(operator, counted === undefined ? now : new Date(counted));
    requireTimely(plan, verified.created, now);
  } catch (error) {
    if (error instanceof PosternError && error.exitCode === ExitCode.refused) return error.message;
    throw error;
  }
  return { fingerprint, name, signedAt: verified.created.toISOString() };
}

function unsigned(plan: Plan, reasons: readonly string[]): Error {
  return refused(
    `plan ${shortId(plan.id)} needs approval, and its author has not signed it, so anybody could be that author`,
    {
      code: 'plan-unsigned',
      hints: [
        ...reasons,
        plan.body.author.fingerprint === undefined
          ? 'set operator.fingerprint in the profile and make the plan again'
          : 'the author signs it: `postern plan sign`',
      ],
    },
  );
}

function unapproved(plan: Plan, count: number, required: number, reasons: readonly string[]): Error {
  return refused(`plan ${shortId(plan.id)} has ${count} of ${required} approvals`, {
    code: 'plan-unapproved',
    hints: [...reasons, 'another operator approves it: `postern plan approve`'],
  });
}

function tampered(plan: Plan, stored: StoredSignature, why: string, cause?: unknown): Error {
  return integrityError(
    `the signature of ${stored.fingerprint} on record for plan ${shortId(plan.id)} does not hold: ${why}`,
    {
      code: 'approval-tampered',
      cause,
      hints: [
        'it was valid when it was recorded; find out who changed the state database: `postern audit verify`',
      ],
    },
  );
}
