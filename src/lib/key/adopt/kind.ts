import type { JsonObject } from '../../crypto/canonical-json.ts';
import { planInputs } from '../../operation/plan.ts';
import type { Danger, PlanKind } from '../../operation/plan-kind.ts';
import { withKeyringLock } from '../keyring/lock.ts';
import { withReader, withWriter, writerTarget } from '../sessions.ts';
import { adoptedColumn } from './adopted-column.ts';
import type { AdoptContext } from './context.ts';
import { adoptInputs } from './inputs.ts';
import { actualOf } from './outcome.ts';
import { adoptPrecondition } from './precondition.ts';
import { remainsOf } from './remains.ts';
import { sourceDecoder } from './source-decoder.ts';
import { checkStep, clearStep, makeStep, type StepTask, settleStep, verifyStep, walkStep } from './steps.ts';

/** Encrypts what stands in clear. */
export const keyAdopt: PlanKind<AdoptContext> = adoptKind('key.adopt', 'moderate');

/** Removes what stands in clear, once it stands encrypted. */
export const keyAdoptFinish: PlanKind<AdoptContext> = adoptKind('key.adopt-finish', 'severe');

function adoptKind(kind: string, danger: Danger): PlanKind<AdoptContext> {
  return {
    kind,
    danger,
    target: writerTarget,
    preconditions: (context, plan) =>
      withReader(context, async (db) => {
        const inputs = planInputs(plan, adoptInputs);
        return [adoptPrecondition(await adoptedColumn(db, await context.map(), inputs, inputs.mode))];
      }),
    applyStep: async (context, plan, index) => {
      const step = plan.body.steps[index];
      const apply = step && steps[step.kind];
      if (apply === undefined) throw new Error(`adopting has no step ${index}, ${step?.kind}`);
      const inputs = planInputs(plan, adoptInputs);
      return withKeyringLock(context, inputs.keyring, () =>
        withWriter(context, async (db) => {
          // Counting a large table takes as long as it takes.
          await db.query('set statement_timeout = 0');
          const adopted = await adoptedColumn(db, await context.map(), inputs, inputs.mode);
          const decode = await sourceDecoder(context, adopted);
          const adopting = { adopted, decode, open: context.openDataKey };
          return apply({ context, plan, index, inputs, adopting, db });
        }),
      );
    },
    certify: async (_context, plan, results) => {
      const inputs = planInputs(plan, adoptInputs);
      const { mode, keyring, table, column, source, sourceFormat, makeKeys, windowSeconds, forecast } =
        inputs;
      return {
        subject: [],
        predicateType: `urn:postern:predicate:${kind.replace('.', '-')}:v1`,
        predicate: {
          mode,
          keyring,
          table,
          column,
          source,
          sourceFormat,
          makeKeys,
          windowSeconds,
          forecast: { ...forecast },
          actual: {
            ...actualOf(results),
            steps: plan.body.steps.map(({ kind: of }, at) => ({ step: of, ...results[at] })),
          },
          remains: [...remainsOf(inputs)],
        },
      };
    },
  };
}

const steps: Readonly<Record<string, (task: StepTask) => Promise<JsonObject>>> = {
  make: makeStep,
  walk: walkStep,
  verify: verifyStep,
  settle: settleStep,
  check: checkStep,
  clear: clearStep,
};
