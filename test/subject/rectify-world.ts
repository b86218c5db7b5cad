import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import {
  planRectify,
  type RectifyContext,
  type RectifyOptions,
  rectifyOutcome,
  subjectRectify,
} from '../../src/lib/subject/rectify/index.ts';
import type { EraseWorld } from '../support/erase-world.ts';

/** Ann takes another name, in the world of erasures. */
export const renamed = { who: ['ann@example.org'], from: 'ann@example.org', to: 'Anna@New.example' };

export const common = {
  field: null,
  everywhere: false,
  tenant: undefined,
  reason: 'request 18',
  request: undefined,
  valuesFile: null,
  values: renamed,
} satisfies RectifyOptions;

/** @param current the world of the test that is running */
export const rectifying = (current: () => EraseWorld) => {
  async function planOf(own: Partial<RectifyOptions> = {}, of: EraseWorld = current()) {
    const options = { ...common, ...own };
    const context: RectifyContext = { ...(await of.context()), values: options.values };
    const planned = await planRectify(context, options);
    await savePlan(context, planned.plan);
    return { context, ...planned };
  }

  async function rectify(own: Partial<RectifyOptions> = {}) {
    const { context, plan, inputs } = await planOf(own);
    const applied = await applyPlan(context, subjectRectify, plan.id);
    return { plan, inputs, applied, ...(await rectifyOutcome(current().pool, plan)) };
  }

  const failing = (own: Partial<RectifyOptions>, of: EraseWorld = current()) =>
    planOf(own, of).then(
      () => undefined,
      (error: { code?: string; message: string }) => ({ code: error.code, message: error.message }),
    );

  return { planOf, rectify, failing };
};
