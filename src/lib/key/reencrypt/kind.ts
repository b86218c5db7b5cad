import type { JsonObject } from '../../crypto/canonical-json.ts';
import { planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import type { KeyContext } from '../context.ts';
import { withKeyringLock } from '../keyring/lock.ts';
import { withReader, withWriter, writerTarget } from '../sessions.ts';
import { actualOf } from './actual.ts';
import { reencryptInputs } from './inputs.ts';
import { scopePrecondition } from './precondition.ts';
import { keyringScope } from './scope.ts';
import { activateStep, makeStep, type StepTask, settleStep, walkStep } from './steps.ts';

export const keyReencrypt: PlanKind<KeyContext> = {
  kind: 'key.reencrypt',
  danger: 'moderate',
  target: writerTarget,
  preconditions: (context, plan) =>
    withReader(context, async (db) => {
      const { keyring } = planInputs(plan, reencryptInputs);
      return [scopePrecondition(await keyringScope(db, await context.map(), keyring))];
    }),
  applyStep: async (context, plan, index, journal) => {
    const step = plan.body.steps[index];
    if (step === undefined) throw new Error(`a re-encryption has no step ${index}`);
    const inputs = planInputs(plan, reencryptInputs);
    const apply = steps[step.kind];
    if (apply === undefined) throw new Error(`a re-encryption has no step ${step.kind}`);
    return withKeyringLock(context, inputs.keyring, () =>
      withWriter(context, async (db) => {
        // Counting a large table takes as long as it takes.
        await db.query('set statement_timeout = 0');
        const scope = await keyringScope(db, await context.map(), inputs.keyring);
        return apply({ context, plan, index, inputs, scope, db, journal });
      }),
    );
  },
  certify: async (_context, plan, results) => {
    const { keyring, columns, keys, kek, compromised, forecast } = planInputs(plan, reencryptInputs);
    return {
      subject: [],
      predicateType: 'urn:postern:predicate:key-reencrypt:v1',
      predicate: {
        keyring,
        columns: columns.map((column) => ({ ...column })),
        keys,
        kek,
        compromised,
        forecast: { ...forecast },
        actual: {
          ...actualOf(results),
          steps: plan.body.steps.map(({ summary }, index) => ({ step: summary, ...results[index] })),
        },
      },
    };
  },
  leftovers: async (_context, plan) => {
    const { keyring, keys } = planInputs(plan, reencryptInputs);
    if (keys === 'active') return [];
    return [
      `versions that this plan made may be left in ${keyring} as pre-active; nothing is encrypted under them`,
    ];
  },
};

const steps: Readonly<Record<string, (task: StepTask) => Promise<JsonObject>>> = {
  make: makeStep,
  activate: activateStep,
  walk: walkStep,
  settle: settleStep,
};
