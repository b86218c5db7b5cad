import { afterEach, describe, expect, test } from 'vitest';
import { deletionExitCode } from '../../src/lib/cli/tenant-offboard.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import type { EraseContext } from '../../src/lib/subject/erase/index.ts';
import {
  listOffboardings,
  offboardingOf,
  offboardOutcome,
  planOffboard,
  tenantOffboard,
} from '../../src/lib/subject/offboard/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseWorld, wholePlatform } from '../support/erase-world.ts';
import { endedOn, offboarding } from './offboard-world.ts';

let world: EraseWorld;
afterEach(async () => {
  await world.close();
});
const { keysLeft, offboard, planOf, put } = offboarding(() => world);

describe('what cannot be done', () => {
  test.each(['3', '01', "1' or true --", '', 'one'])('no tenant is called %j', async (tenant) => {
    world = await eraseWorld();
    await expect(planOf(tenant)).rejects.toMatchObject({ exitCode: 2, code: 'tenant-unknown' });
  });

  test('a tenant whose id is text with quotes in it, and another whose id it begins', async () => {
    world = await eraseWorld({
      schema: eraseSchema
        .replaceAll('tenant_id int', 'tenant_id text')
        .replace('app.tenant (id int', 'app.tenant (id text'),
    });
    await world.query(`insert into app.tenant values ('o''neil "&" co', 'three'), ('o', 'four');
      insert into app.account values ('o''neil "&" co', 30, 'x@x.example', 'x@x.example', 'X', null), ('o', 31, 'y@y.example', 'y@y.example', 'Y', null)`);
    const before = await wholePlatform(world);
    const { done } = await offboard(`o'neil "&" co`);
    expect(done).toMatchObject({ rowsDeleted: 1, left: [] });
    expect(await wholePlatform(world)).toEqual({
      ...before,
      account: before['account']?.filter((row) => !row.includes('x@x.example')),
    });
  });

  test('a row of another tenant that needs one of theirs is named, and nothing goes', async () => {
    world = await eraseWorld();
    await world.query(`insert into app.alias values (50, 10, 'shared@example.org');
      insert into app.card values (60, 2, 10, 'q@q.example', 'Q', null, 'BEGIN:VCARD')`);
    const before = await wholePlatform(world);
    await expect(planOf('1')).rejects.toMatchObject({
      exitCode: 6,
      code: 'erase-blocked',
      message: expect.stringMatching(/1 rows? of app\.card stays? and refers? to rows of app\.account/),
    });
    expect(await wholePlatform(world)).toEqual(before);
  });

  test('a row that came since the plan was made stops it', async () => {
    world = await eraseWorld();
    const { context, plan } = await planOf('1');
    await world.query(`insert into app.box values (102, 10, 'new')`);
    const before = await wholePlatform(world);
    await expect(applyPlan(context, tenantOffboard, plan.id)).rejects.toMatchObject({ code: 'plan-stale' });
    expect(await wholePlatform(world)).toEqual(before);
    expect((await world.pool.query('select from postern.erasure')).rows).toEqual([]);
  });
});

describe('the recount', () => {
  test('finds an object that no row names where the tenant’s keys begin, and the clock goes on', async () => {
    world = await eraseWorld({
      map: eraseMap.replace("key: 'raw/{object_key}.eml'", "key: 'raw/{tenant_id}/{object_key}.eml'"),
    });
    for (const key of ['raw/1/k1.eml', 'raw/1/forgotten.eml', 'raw/12/k1.eml', 'raw/2/k3.eml'])
      await put(key);
    const { done, predicate, context } = await offboard('1');
    expect(await keysLeft()).toEqual(['raw/1/forgotten.eml', 'raw/12/k1.eml', 'raw/2/k3.eml']);
    expect(done?.objectsLeft).toEqual([{ bucket: 'mail', objects: 1 }]);
    expect(predicate.clock.deleted).toBe(false);
    const entry = await offboardingOf(world.pool, context.profile, {
      tenant: '1',
      now: new Date('2026-12-02'),
    });
    expect(entry).toMatchObject({ deletedAt: null, verdict: 'overdue' });

    // Somebody removed what the map does not know; no row is left by which the tenant could be known.
    await world.query(`delete from app.invoice where tenant_id = 1; delete from app.tenant where id = 1`);
    for await (const { key, versionId } of world.store.listVersions('raw/1/'))
      await world.store.delete(key, versionId === undefined ? {} : { versionId });
    await expect(planOf('1')).rejects.toMatchObject({ code: 'tenant-unknown' });
    const again = await planOffboard(context, { tenant: '1', reason: 'x', endedOn, isOnRecord: true });
    await savePlan(context, again.plan);
    await applyPlan(context, tenantOffboard, again.plan.id);
    const { tenants } = await listOffboardings(world.pool, context.profile, {
      now: new Date('2026-12-02'),
      within: 0,
      all: true,
    });
    expect(tenants).toMatchObject([{ tenant: '1', verdict: 'deleted', deletedAt: expect.any(String) }]);
  });

  test('an object under a lock of the store is left for that reason, exit 4, and the clock goes on', async () => {
    world = await eraseWorld();
    const until = new Date(Date.now() + 86_400_000);
    await world.store.put('raw/k1.eml', Buffer.from('x'), { retention: { mode: 'compliance', until } });
    const { done, predicate } = await offboard('1');
    expect(done).toMatchObject({ objectsRetained: 1, objectsLeft: [{ bucket: 'mail', objects: 1 }] });
    expect(predicate.clock.deleted).toBe(false);
    const told = { outcome: 'applied', planId: 'x', certificateId: null } as const;
    expect(done && deletionExitCode({ ...told, done })).toBe(4);
    expect(done && deletionExitCode({ ...told, done: { ...done, objectsRetained: 0 } })).toBe(3);
  });

  test('finds rows that came after everything was deleted', async () => {
    world = await eraseWorld();
    const { context, plan } = await planOf('1');
    let isCounting = false;
    const late: EraseContext = {
      ...context,
      progress: {
        ...context.progress,
        step: (title) => {
          isCounting = title.startsWith('count what is left');
          return context.progress.step(title);
        },
      },
      // Asked for at the beginning of each step.
      openWriter: async () => {
        if (isCounting)
          await world.query(
            `insert into app.account values (1, 99, 'late@example.org', 'late@example.org', 'Late', null)`,
          );
        return context.openWriter();
      },
    };
    await applyPlan(late, tenantOffboard, plan.id);
    expect((await offboardOutcome(world.pool, plan))?.left).toEqual([{ table: 'app.account', rows: 1 }]);
  });
});
