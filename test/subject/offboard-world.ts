import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import type { EraseContext } from '../../src/lib/subject/erase/index.ts';
import { offboardOutcome, planOffboard, tenantOffboard } from '../../src/lib/subject/offboard/index.ts';
import type { EraseWorld } from '../support/erase-world.ts';

export const endedOn = '2026-11-01';
export const at = (day: string) => ({ clock: { now: () => new Date(`${day}T12:00:00Z`) } });

/** Lets tenants of the world of erasures go. @param current the world of the test that is running */
export const offboarding = (current: () => EraseWorld) => {
  async function planOf(tenant: string, own: Partial<EraseContext> = {}) {
    const context = await current().context({ ...at('2026-11-20'), ...own });
    const { plan, inputs } = await planOffboard(context, { tenant, reason: 'end of contract', endedOn });
    await savePlan(context, plan);
    return { context, plan, inputs };
  }

  async function offboard(tenant: string, own: Partial<EraseContext> = {}) {
    const { context, plan, inputs } = await planOf(tenant, own);
    const { certificateId = '' } = await applyPlan(context, tenantOffboard, plan.id);
    const envelope = JSON.parse(await loadCertificate(current().pool, certificateId));
    const { predicate, predicateType } = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
    const done = await offboardOutcome(current().pool, plan);
    return { context, plan, inputs, done, predicate, predicateType };
  }

  const put = (key: string, body = 'x') => current().store.put(key, Buffer.from(body));
  async function keysLeft(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of current().store.listVersions('')) keys.push(key);
    return keys;
  }

  return { planOf, offboard, put, keysLeft };
};
