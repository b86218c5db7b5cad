import { afterEach, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { eraseOutcome, planErase, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { applyWithKills } from '../support/erase-kills.ts';
import { eraseMap } from '../support/erase-platform.ts';
import { type EraseWorld, eraseWorld, wholePlatform } from '../support/erase-world.ts';

const worlds: EraseWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** A platform with enough mail for several batches, and Ann's erasure planned. */
async function planned() {
  const world = await eraseWorld();
  worlds.push(world);
  await world.query(
    `insert into app.mail select 1, n, 100, case when n % 3 = 0 then n - 1 end, '{bob@example.org}', 'x', null, '{}', case when n < 110 then 'k' || n end
     from generate_series(100, 1800) n`,
  );
  await world.query(
    `insert into app.mail select 2, n, 200, null, '{ann@example.org,bob@example.org}', 'To: ann@example.org', null, '{}', null
     from generate_series(3000, 3700) n`,
  );
  for (let n = 100; n < 110; n += 1) await world.store.put(`raw/k${n}.eml`, Buffer.from('mail'));
  const seeds = world.seeds(['ann@example.org']);
  const context = await world.context();
  const { plan } = await planErase(context, { seeds, tenant: undefined, reason: 'test', request: undefined });
  await savePlan(context, plan);
  return { world, context, plan };
}

test('killed at any statement, it goes on to the same end', { timeout: 240_000 }, async () => {
  const whole = await planned();
  await applyPlan(whole.context, subjectErase, whole.plan.id);
  const expected = await wholePlatform(whole.world);
  const counted = await eraseOutcome(whole.world.pool, whole.plan);

  const { world, plan } = await planned();
  const kills = await applyWithKills(world, plan, eraseMap, { from: 25, step: 23 });
  expect(kills).toBeGreaterThan(3);
  expect(await wholePlatform(world)).toEqual(expected);
  // What was committed is counted once, however often it was begun.
  expect(await eraseOutcome(world.pool, plan)).toEqual(counted);
});
