import { audited } from '../audit/audited.ts';
import { integrityError, PosternError, refused } from '../base/error.ts';
import { verifyDetached } from '../crypto/openpgp-signature.ts';
import { clockTolerance } from './clock-tolerance.ts';
import type { OperationContext } from './context.ts';
import { progressOf, readJournal } from './journal.ts';
import { readStoredOperatorKey } from './operator-key.ts';
import { isActive, listOperators, type Operator } from './operator-store.ts';
import { type Plan, shortId } from './plan.ts';
import { loadPlan } from './plan-store.ts';
import { requireUnexpired } from './staleness.ts';

/** A signature that was verified and is on record. */
export interface RecordedSignature {
  readonly plan: Plan;
  readonly role: 'author' | 'approver';
  readonly operator: Operator;
  readonly signedAt: Date;
}

/**
 * Records an operator's approval: a detached OpenPGP signature over the plan's text, armored or binary.
 * @throws {PosternError} exit 6 `approver-is-author`, `operator-unknown`, `operator-revoked`, `operator-key-unusable`,
 * `signature-too-old`, `plan-applied`, `plan-cancelled`, `plan-expired`; exit 5 for a signature over anything else
 */
export function approvePlan(
  context: OperationContext,
  planId: string,
  signature: string | Uint8Array,
): Promise<RecordedSignature> {
  return recordSignature(context, planId, 'approver', signature);
}

/**
 * Records the author's own signature, without which nobody can be sure that the approver is another person. Errors as
 * `approvePlan`, and exit 6 `signer-not-author`.
 */
export function signPlan(
  context: OperationContext,
  planId: string,
  signature: string | Uint8Array,
): Promise<RecordedSignature> {
  return recordSignature(context, planId, 'author', signature);
}

async function recordSignature(
  context: OperationContext,
  planId: string,
  role: 'author' | 'approver',
  signature: string | Uint8Array,
): Promise<RecordedSignature> {
  const db = await context.state();
  const plan = await loadPlan(db, planId);
  const action = role === 'author' ? 'plan.sign' : 'plan.approve';
  return audited(context, { action, plan: plan.id, detail: { kind: plan.body.kind } }, async (run) => {
    await requireOpen(context, plan);
    const { operator, signedAt } = await identifySigner(context, plan, signature);
    run.note({ fingerprint: operator.fingerprint });
    requireRole(plan, role, operator);
    await db.query(
      `insert into postern.plan_approval (plan_id, role, fingerprint, signature, signed_at)
       values ($1, $2, $3, $4, $5)`,
      [plan.id, role, operator.fingerprint, await armored(signature), signedAt],
    );
    return { plan, role, operator, signedAt };
  });
}

/**
 * Whose signature this is: an active operator's whose key can sign now, made after the plan.
 * @throws {PosternError} as `approvePlan`
 */
async function identifySigner(
  context: OperationContext,
  plan: Plan,
  signature: string | Uint8Array,
): Promise<{ readonly operator: Operator; readonly signedAt: Date }> {
  const now = context.clock.now();
  const operators = await listOperators(await context.state());
  const keys = operators.map(({ publicKey }) => publicKey);
  const verified = await verifyDetached(Buffer.from(plan.text), signature, keys, { at: now }).catch(
    (error: unknown) => {
      throw error instanceof PosternError && error.code === 'signer-unknown' ? unknownOperator(error) : error;
    },
  );
  const operator = operators.find(({ fingerprint }) => fingerprint === verified.fingerprint);
  if (operator === undefined) {
    throw integrityError(`a key stored for an operator is ${verified.fingerprint}, whom nobody enrolled`, {
      code: 'operator-tampered',
      hints: ['somebody changed the state database: `postern audit verify`'],
    });
  }
  if (!isActive(operator)) {
    throw refused(
      `operator ${operator.name} (${operator.fingerprint}) was revoked at ${operator.revokedAt}`,
      {
        code: 'operator-revoked',
      },
    );
  }
  // A signature's date is its maker's word: a key that has expired by now could have been used to backdate it.
  await readStoredOperatorKey(operator, now);
  requireTimely(plan, verified.created, now);
  return { operator, signedAt: verified.created };
}

/** The signature must be younger than the plan and not from the future, both within the clocks' tolerance. */
export function requireTimely(plan: Plan, signedAt: Date, now: Date): void {
  if (signedAt.getTime() < Date.parse(plan.body.createdAt) - clockTolerance) {
    throw refused(`the signature was made at ${signedAt.toISOString()}, before the plan`, {
      code: 'signature-too-old',
      hints: ['check the clock of the host that signed, and sign again'],
    });
  }
  if (signedAt.getTime() > now.getTime() + clockTolerance) {
    throw refused(`the signature was made at ${signedAt.toISOString()}, which is still to come`, {
      code: 'signature-from-the-future',
      hints: ['check the clocks of this host and of the one that signed'],
    });
  }
}

function requireRole(plan: Plan, role: 'author' | 'approver', operator: Operator): void {
  const isAuthor = plan.body.author.fingerprint === operator.fingerprint;
  if (role === 'approver' && isAuthor) {
    throw refused(`${operator.name} is the author of plan ${shortId(plan.id)} and cannot approve it`, {
      code: 'approver-is-author',
      hints: ['let another operator approve it'],
    });
  }
  if (role === 'author' && !isAuthor) {
    throw refused(`${operator.name} is not the author of plan ${shortId(plan.id)}`, {
      code: 'signer-not-author',
      hints: ['another operator approves a plan: `postern plan approve`'],
    });
  }
}

async function requireOpen(context: OperationContext, plan: Plan): Promise<void> {
  const { state } = progressOf(await readJournal(await context.state(), plan.id));
  if (state === 'applied' || state === 'cancelled') {
    throw refused(`plan ${shortId(plan.id)} is ${state}`, { code: `plan-${state}` });
  }
  // A plan whose applying has begun may need a new approval to be finished, even after its expiry.
  if (state === 'open') requireUnexpired(plan, context.clock.now());
}

function unknownOperator(cause: unknown): Error {
  return refused('the signature is by a key that no operator has', {
    code: 'operator-unknown',
    cause,
    hints: ['enrol the key first: `postern operator enroll --key FILE`'],
  });
}

async function armored(signature: string | Uint8Array): Promise<string> {
  if (typeof signature === 'string') return signature;
  const { readSignature } = await import('openpgp');
  const text = Buffer.from(signature).toString('latin1');
  if (text.includes('-----BEGIN PGP SIGNATURE-----')) return text;
  return (await readSignature({ binarySignature: signature })).armor();
}
