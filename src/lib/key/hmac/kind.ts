import type { JsonObject } from '../../crypto/canonical-json.ts';
import { planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import type { KeyContext } from '../context.ts';
import { withKeyringLock } from '../keyring/lock.ts';
import { withReader, withWriter, writerTarget } from '../sessions.ts';
import { stale } from './activate.ts';
import { hmacInputs } from './inputs.ts';
import { actualOf } from './outcome.ts';
import { hmacPrecondition } from './precondition.ts';
import { hmacScope } from './scope.ts';
import {
  activateStep,
  awaitStep,
  checkStep,
  clearStep,
  drainStep,
  fillStep,
  makeStep,
  type StepTask,
  verifyStep,
  workingVersionId,
} from './steps.ts';

/** Another version takes over, or the hashes of the active one are set right. */
export const rotateHmac: PlanKind<KeyContext> = hmacKind('key.rotate-hmac');

/** The column of the old version is emptied. */
export const finishHmac: PlanKind<KeyContext> = hmacKind('key.rotate-hmac-finish');

function hmacKind(kind: string): PlanKind<KeyContext> {
  return {
    kind,
    // Whatever is removed can be made again, from the values and the key.
    danger: 'moderate',
    target: writerTarget,
    preconditions: (context, plan) =>
      withReader(context, async (db) => {
        const { keyring } = planInputs(plan, hmacInputs);
        return [hmacPrecondition(await hmacScope(db, await context.map(), keyring))];
      }),
    applyStep: async (context, plan, index, journal) => {
      const step = plan.body.steps[index];
      const apply = step && steps[step.kind];
      if (apply === undefined) throw new Error(`rotating an HMAC key has no step ${index}, ${step?.kind}`);
      const inputs = planInputs(plan, hmacInputs);
      return withKeyringLock(context, inputs.keyring, () =>
        withWriter(context, async (db) => {
          // Counting a large table takes as long as it takes.
          await db.query('set statement_timeout = 0');
          const scope = await hmacScope(db, await context.map(), inputs.keyring);
          const task = { context, plan, index, inputs, scope, db, journal };
          requireTurn(task);
          return apply(task);
        }),
      );
    },
    certify: async (_context, plan, results) => {
      const {
        mode,
        keyring,
        hashes,
        active,
        next,
        drained,
        kek,
        windowSeconds,
        writerCacheSeconds,
        forecast,
      } = planInputs(plan, hmacInputs);
      return {
        subject: [],
        predicateType: `urn:postern:predicate:${kind.replace('.', '-')}:v1`,
        predicate: {
          mode,
          keyring,
          hashes: hashes.map((hash) => ({ ...hash })),
          active: active && { ...active },
          next: next && { ...next, id: workingVersionId({ plan, inputs: planInputs(plan, hmacInputs) }) },
          drained: [...drained],
          kek,
          windowSeconds,
          writerCacheSeconds,
          forecast: { ...forecast },
          actual: {
            ...actualOf(results),
            steps: plan.body.steps.map(({ kind: of }, at) => ({ step: of, ...results[at] })),
          },
        },
      };
    },
    leftovers: (_context, plan) => {
      const { mode, keyring, next } = planInputs(plan, hmacInputs);
      if (mode !== 'new') return Promise.resolve([]);
      return Promise.resolve([
        `version ${next?.version} may be left in ${keyring} as pre-active, and applications write its column; \`postern key rotate hmac\` takes it over`,
      ]);
    },
  };
}

/**
 * Between two runs of a plan others may have gone on: a column is written only while it is that of its version.
 * @throws {PosternError} exit 6, `hmac-stale`
 */
function requireTurn(task: StepTask): void {
  const { inputs, scope } = task;
  const { mode, active, next } = inputs;
  const stateOf = (id: string) => scope.versions.find((version) => version.id === id)?.state;
  const workingId = workingVersionId(task);
  const working = stateOf(workingId);
  const isAlone = scope.versions.every(
    ({ id, state }) => id === workingId || !['pre-active', 'active'].includes(state),
  );
  const isBefore = active === null ? isAlone : stateOf(active.id) === 'active';
  const isSo = {
    new:
      working === 'active' ||
      (isBefore && (working === 'pre-active' || (working === undefined && next?.id === null))),
    active: working === 'active',
    finish: working === 'active' && isAlone,
  }[mode];
  if (!isSo) throw stale(scope.keyring.table);
}

const steps: Readonly<Record<string, (task: StepTask) => Promise<JsonObject>>> = {
  make: makeStep,
  await: awaitStep,
  fill: fillStep,
  verify: verifyStep,
  activate: activateStep,
  settle: verifyStep,
  check: checkStep,
  drain: drainStep,
  clear: clearStep,
};
