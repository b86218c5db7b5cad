import type { JsonObject } from '../../crypto/canonical-json.ts';
import { planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { requireRights } from '../../platform/rights.ts';
import type { KeyContext } from '../context.ts';
import { withKeyringLock } from '../keyring/lock.ts';
import { keyringScope } from '../reencrypt/scope.ts';
import { withReader, withWriter, writerTarget } from '../sessions.ts';
import { kekInputs } from './inputs.ts';
import { usedKeks } from './keks.ts';
import { keksPrecondition } from './plan-rotate-kek.ts';
import { kekRights } from './rights.ts';
import { awaitStep, censusStep, type KekStep, moveAliasStep, rewrapStep, rotateStep } from './steps.ts';

export const rotateKek: PlanKind<KeyContext> = {
  kind: 'key.rotate-kek',
  danger: 'moderate',
  target: writerTarget,
  preconditions: (context, plan) =>
    withReader(context, async (db) => {
      const { keyring: name } = planInputs(plan, kekInputs);
      const { keyring } = await keyringScope(db, await context.map(), name);
      await withWriter(context, (writer) => requireRights(writer, kekRights(keyring)));
      return [keksPrecondition(await usedKeks(db, await context.kms(), keyring))];
    }),
  applyStep: async (context, plan, index, journal) => {
    const inputs = planInputs(plan, kekInputs);
    const apply = steps[plan.body.steps[index]?.kind ?? ''];
    if (apply === undefined) throw new Error(`a rotation of a KMS key has no step ${index}`);
    return withKeyringLock(context, inputs.keyring, () =>
      withWriter(context, async (db) => {
        const { keyring } = await keyringScope(db, await context.map(), inputs.keyring);
        // Before the KMS key gets one of its few rotations, or an alias moves.
        await requireRights(db, kekRights(keyring));
        return apply({ context, inputs, keyring, db, kms: await context.kms(), journal });
      }),
    );
  },
  certify: async (_context, plan, results) => {
    const { keyring, mode, from, to, alias, forecast } = planInputs(plan, kekInputs);
    const steps = plan.body.steps.map(({ summary }, index) => ({ step: summary, ...results[index] }));
    return {
      subject: [],
      predicateType: 'urn:postern:predicate:key-rotate-kek:v1',
      predicate: {
        keyring,
        mode,
        from,
        to,
        alias,
        forecast: { ...forecast },
        actual: { ...Object.assign({}, ...results), steps },
        doesNotHelpAgainst: 'a data key that is known: that takes new data keys, by key reencrypt',
      },
    };
  },
};

const steps: Readonly<Record<string, (step: KekStep) => Promise<JsonObject>>> = {
  rotate: rotateStep,
  await: awaitStep,
  'move-alias': moveAliasStep,
  rewrap: rewrapStep,
  census: censusStep,
};
