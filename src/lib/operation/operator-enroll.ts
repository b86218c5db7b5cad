import { z } from 'zod';
import { audited } from '../audit/audited.ts';
import { refused, usageError } from '../base/error.ts';
import { inTransaction } from '../state/transaction.ts';
import type { OperationContext } from './context.ts';
import { type OperatorKey, readOperatorKey } from './operator-key.ts';
import { activeOperators, listOperators, storeFirstOperator, storeOperator } from './operator-store.ts';
import { createPlan, type Plan, planInputs } from './plan.ts';
import type { PlanKind } from './plan-kind.ts';
import { precondition } from './staleness.ts';
import { databaseTarget } from './target.ts';

export interface Enrolment {
  readonly key: OperatorKey;
  readonly name: string;
}

/**
 * Enrols the first operator of a state database. Nobody can approve that, so it is open exactly once: revoked
 * operators count, and once there is one, `planEnrolment` is the only way.
 * @returns false when somebody was enrolled before
 */
export async function enrollFirst(context: OperationContext, { key, name }: Enrolment): Promise<boolean> {
  const db = await context.state();
  if ((await listOperators(db)).length > 0) return false;
  const detail = { fingerprint: key.fingerprint, name, isFirst: true };
  return audited(context, { action: 'operator.enroll', target: key.fingerprint, detail }, () =>
    inTransaction(db, async (client) => {
      await client.query(`select pg_advisory_xact_lock(hashtextextended('postern first operator', 0))`);
      if (await storeFirstOperator(client, key, name)) return true;
      throw refused('somebody else was enrolled first', {
        code: 'operator-not-first',
        hints: ['run the command again: it now makes a plan'],
      });
    }),
  );
}

/** Plans the enrolment of a further operator, of a new copy of a key, or of a revoked operator again. */
export async function planEnrolment(context: OperationContext, { key, name }: Enrolment): Promise<Plan> {
  const db = await context.state();
  const operators = await listOperators(db);
  const known = operators.find(({ fingerprint }) => fingerprint === key.fingerprint);
  if (known?.revokedAt === null && known.publicKey === key.armored && known.name === name) {
    throw usageError(`${name} (${key.fingerprint}) is enrolled already, with this key`, {
      code: 'operator-enrolled',
    });
  }
  const isNew = known === undefined || known.revokedAt !== null;
  return createPlan(context, {
    kind: 'operator.enroll',
    target: await databaseTarget(db),
    inputs: { fingerprint: key.fingerprint, name, publicKey: key.armored },
    steps: [
      {
        kind: 'enroll',
        summary: `${isNew ? 'enrol' : 'take the new key copy of'} ${name} (${key.fingerprint})`,
        inputs: { fingerprint: key.fingerprint },
        ...(isNew
          ? {
              inverse: {
                kind: 'revoke',
                inputs: { fingerprint: key.fingerprint, reason: 'enrolment undone' },
              },
            }
          : {}),
      },
    ],
    preconditions: [precondition('active operators', activeOperators(operators))],
    effects: { 'operators enrolled': isNew ? 1 : 0 },
  });
}

const enrolInputs = z.strictObject({ fingerprint: z.string(), name: z.string(), publicKey: z.string() });

export const operatorEnroll: PlanKind = {
  kind: 'operator.enroll',
  danger: 'moderate',
  target: async (context) => databaseTarget(await context.state()),
  preconditions: async (context) => [
    precondition('active operators', activeOperators(await listOperators(await context.state()))),
  ],
  applyStep: async (context, plan) => {
    const { fingerprint, name, publicKey } = planInputs(plan, enrolInputs);
    const key = await readOperatorKey(publicKey, context.clock.now());
    if (key.fingerprint !== fingerprint) {
      throw refused(`the plan's key is ${key.fingerprint}, not the one that it names`, {
        code: 'operator-key-mismatch',
      });
    }
    await storeOperator(await context.state(), key, name);
    return { fingerprint };
  },
};
