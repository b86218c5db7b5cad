import { afterEach, expect, test } from 'vitest';
import { applyPlan, checkPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { planErase, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { beginOffboarding, tenantOffboard } from '../../src/lib/subject/offboard/index.ts';
import { closeRequest, openRequest, verifyRequester } from '../../src/lib/subject/request/index.ts';
import { type EraseWorld, eraseWorld, wholePlatform } from '../support/erase-world.ts';
import { at, offboarding } from './offboard-world.ts';

// A plan may wait for its approval for days, and whoever wanted it may not want it any more.

let world: EraseWorld;
afterEach(() => world.close());
const { planOf } = offboarding(() => world);

test('an erasure whose request was withdrawn meanwhile is not begun', async () => {
  world = await eraseWorld();
  const context = await world.context();
  const receivedAt = new Date(Date.now() - 1000);
  const request = { kind: 'erasure', reference: 'T-1', receivedAt } as const;
  await openRequest(context, { ...request, tenant: undefined, instruction: undefined });
  await verifyRequester(context, 1, 'in person');
  const seeds = world.seeds(['ann@example.org']);
  const { plan } = await planErase(context, { seeds, tenant: undefined, reason: 'test', request: 1 });
  await savePlan(context, plan);
  await checkPlan(context, subjectErase, plan.id);
  const before = await wholePlatform(world);
  await closeRequest(context, 1, { outcome: 'withdrawn', note: undefined, certificateId: undefined });
  await expect(applyPlan(context, subjectErase, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'request-closed',
  });
  expect(await wholePlatform(world)).toEqual(before);
});

test('a tenant whose contract was prolonged meanwhile is not deleted', async () => {
  world = await eraseWorld();
  const { context, plan } = await planOf('1');
  await checkPlan(context, tenantOffboard, plan.id);
  const before = await wholePlatform(world);
  const prolonged = { tenant: '1', endedOn: '2027-12-31', reason: 'prolonged' };
  await beginOffboarding(await world.context(at('2026-11-21')), prolonged);
  await expect(applyPlan(context, tenantOffboard, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-stale',
    message: expect.stringContaining('2027-12-31'),
  });
  expect(await wholePlatform(world)).toEqual(before);
});
