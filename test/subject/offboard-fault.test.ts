import { afterEach, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import {
  listOffboardings,
  offboardOutcome,
  planOffboard,
  tenantOffboard,
} from '../../src/lib/subject/offboard/index.ts';
import { applyWithKills } from '../support/erase-kills.ts';
import { eraseMap } from '../support/erase-platform.ts';
import { type EraseWorld, eraseWorld, wholePlatform } from '../support/erase-world.ts';

const worlds: EraseWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

const map = eraseMap.replace("key: 'raw/{object_key}.eml'", "key: 'raw/{tenant_id}/{object_key}.eml'");

/** A tenant with mail for several batches, and its deletion planned. */
async function planned() {
  const world = await eraseWorld({ map });
  worlds.push(world);
  await world.query(
    `insert into app.mail select 1, n, 100, case when n % 3 = 0 then n - 1 end, '{bob@example.org}', 'x', null, '{}', case when n < 110 then 'k' || n end
     from generate_series(100, 1800) n`,
  );
  for (let n = 100; n < 110; n += 1) await world.store.put(`raw/1/k${n}.eml`, Buffer.from('mail'));
  await world.store.put('raw/2/k3.eml', Buffer.from('mail'));
  const context = await world.context();
  const { plan } = await planOffboard(context, {
    tenant: '1',
    reason: 'end of contract',
    endedOn: '2026-11-01',
  });
  await savePlan(context, plan);
  return { world, context, plan };
}

/** All that an offboarding leaves, in the platform, the store and the register. */
async function ending({ pool, store, ...world }: EraseWorld, profile: string) {
  const objects: string[] = [];
  for await (const { key } of store.listVersions('')) objects.push(key);
  const { tenants } = await listOffboardings(pool, profile, { now: new Date(), within: 0, all: true });
  const { rows: ledger } = await pool.query('select kind, detail from postern.erasure');
  const { rows: events } = await pool.query('select kind, detail from postern.offboarding_event');
  const work = await world.query(
    `select relname from pg_class where relnamespace = 'postern_work'::regnamespace`,
  );
  return {
    platform: await wholePlatform(world),
    objects,
    tenants: tenants.map(({ verdict, endedOn, certificateId }) => ({
      verdict,
      endedOn,
      isProven: certificateId !== null,
    })),
    ledger,
    events,
    work,
  };
}

test('the deletion of a tenant, killed at any statement, goes on to the same end', {
  timeout: 240_000,
}, async () => {
  const whole = await planned();
  const { profile } = whole.context;
  await applyPlan(whole.context, tenantOffboard, whole.plan.id);
  const expected = await ending(whole.world, profile);
  expect(expected).toMatchObject({
    objects: ['raw/2/k3.eml'],
    tenants: [{ verdict: 'deleted', isProven: true }],
    events: [{ kind: 'deleted' }],
    ledger: [{ kind: 'tenant-offboard', detail: { tenant: '1' } }],
    work: [],
  });
  const counted = await offboardOutcome(whole.world.pool, whole.plan);

  const { world, plan } = await planned();
  const kills = await applyWithKills(world, plan, map, { from: 9, step: 17 });
  expect(kills).toBeGreaterThan(5);
  expect(await ending(world, profile)).toEqual(expected);
  // What was committed is counted once, however often it was begun.
  expect(await offboardOutcome(world.pool, plan)).toEqual(counted);
});
