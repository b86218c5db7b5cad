import type { KeyContext } from '../../src/lib/key/context.ts';
import { finishHmac, type HmacOptions, planHmac, rotateHmac } from '../../src/lib/key/hmac/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import type { HmacWorld } from './hmac-world.ts';

const options: HmacOptions = {
  keyring: undefined,
  mode: 'new',
  kek: null,
  windowSeconds: null,
  writerCacheSeconds: 0,
  batchSize: 7,
  workers: 2,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
};
/** What drains the version before, and empties its column. */
export const finishing = { mode: 'finish', windowSeconds: 0 } as const;

/** Rotations of the world's HMAC key, planned and saved, or applied as well. */
export function hmacRuns(world: () => HmacWorld) {
  async function planned(own: Partial<HmacOptions> = {}, with_: Partial<KeyContext> = {}) {
    const context = await world().hmacContext(with_);
    const { plan, inputs } = await planHmac(context, { ...options, ...own });
    if (plan !== undefined) await savePlan(context, plan);
    return { context, plan, inputs };
  }

  async function run(own: Partial<HmacOptions> = {}, with_: Partial<KeyContext> = {}) {
    const { context, plan, inputs } = await planned(own, with_);
    if (plan === undefined) throw new Error('nothing to do');
    const kind = plan.body.kind === rotateHmac.kind ? rotateHmac : finishHmac;
    return { plan, inputs, applied: await applyPlan(context, kind, plan.id) };
  }

  return { planned, run };
}
