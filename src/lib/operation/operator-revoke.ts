import { z } from 'zod';
import { refused, usageError } from '../base/error.ts';
import type { OperationContext } from './context.ts';
import { activeOperators, isActive, listOperators, markRevoked, type Operator } from './operator-store.ts';
import { createPlan, type Plan, planInputs } from './plan.ts';
import type { PlanKind } from './plan-kind.ts';
import { precondition } from './staleness.ts';
import { databaseTarget } from './target.ts';

export interface RevocationRequest {
  /** Of the operator's key, or its last digits, sixteen at least. */
  readonly fingerprint: string;
  readonly reason: string;
  /** Every kind of plan that this profile may have to approve. */
  readonly kinds: readonly string[];
  /** `accept` plans even a revocation after which nobody could approve; the plan says so. */
  readonly lockout: 'refuse' | 'accept';
}

/**
 * Plans the revocation of an operator. From then on the operator's signatures count for nothing that has not begun.
 * @throws {PosternError} exit 2 `operator-missing`; exit 6 `operator-revoked`, `operator-lockout`
 */
export async function planRevocation(context: OperationContext, request: RevocationRequest): Promise<Plan> {
  const db = await context.state();
  const operators = await listOperators(db);
  const operator = findOperator(operators, request.fingerprint);
  const { fingerprint, name } = operator;
  const isLockout = wouldLockOut(context, operators.filter(isActive).length - 1, request.kinds);
  if (isLockout && request.lockout === 'refuse') {
    throw refused(
      `without ${name} too few operators are left to author and approve what this profile asks for`,
      {
        code: 'operator-lockout',
        hints: [
          'enrol a successor first: `postern operator enroll --key FILE`',
          'or plan it all the same with --accept-lockout; approvals must then be lowered in the configuration',
        ],
      },
    );
  }
  return createPlan(context, {
    kind: 'operator.revoke',
    target: await databaseTarget(db),
    inputs: { fingerprint, name, reason: request.reason, locksOut: isLockout },
    steps: [
      {
        kind: 'revoke',
        summary: `revoke ${name} (${fingerprint})${isLockout ? ', after which nobody can approve' : ''}`,
        inputs: { fingerprint },
        inverse: { kind: 'enroll', inputs: { fingerprint } },
      },
    ],
    preconditions: [precondition('active operators', activeOperators(operators))],
    effects: { 'operators revoked': 1 },
  });
}

const revokeInputs = z.strictObject({
  fingerprint: z.string(),
  name: z.string(),
  reason: z.string(),
  locksOut: z.boolean(),
});

export const operatorRevoke: PlanKind = {
  kind: 'operator.revoke',
  danger: 'severe',
  target: async (context) => databaseTarget(await context.state()),
  preconditions: async (context) => [
    precondition('active operators', activeOperators(await listOperators(await context.state()))),
  ],
  applyStep: async (context, plan) => {
    const { fingerprint, reason } = planInputs(plan, revokeInputs);
    await markRevoked(await context.state(), fingerprint, reason);
    return { fingerprint };
  },
  certify: async (context, plan) => {
    const { fingerprint, reason } = planInputs(plan, revokeInputs);
    const operators = await listOperators(await context.state());
    const revoked = operators.find((operator) => operator.fingerprint === fingerprint);
    return {
      // OpenPGP v4 fingerprints are SHA-1 (RFC 9580 §5.5.4.2).
      subject: [{ name: 'operator', digest: { sha1: fingerprint.toLowerCase() } }],
      predicateType: 'urn:postern:predicate:operator-revoke:v1',
      predicate: {
        fingerprint,
        reason,
        revokedAt: revoked?.revokedAt ?? null,
        activeOperators: operators.filter(isActive).length,
      },
    };
  },
};

/** A plan that asks for n approvals needs n operators besides its author. */
function wouldLockOut(context: OperationContext, remaining: number, kinds: readonly string[]): boolean {
  const most = Math.max(0, ...kinds.map((kind) => context.approvalsFor(kind)));
  return most > 0 && remaining < most + 1;
}

function findOperator(operators: readonly Operator[], given: string): Operator {
  const digits = given.replaceAll(' ', '').toUpperCase();
  const found = operators.filter(({ fingerprint }) => digits.length >= 16 && fingerprint.endsWith(digits));
  const [operator] = found;
  if (operator === undefined || found.length > 1) {
    throw usageError(`no operator has the fingerprint ${given}`, {
      code: 'operator-missing',
      hints: ['`postern operator list` shows them; give the whole fingerprint or its last sixteen digits'],
    });
  }
  if (isActive(operator)) return operator;
  throw refused(`${operator.name} was revoked at ${operator.revokedAt}`, { code: 'operator-revoked' });
}
