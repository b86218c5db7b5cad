import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLocalKms } from '../../../src/lib/cloud/local/kms.ts';
import {
  assessDestroy,
  assessRetire,
  enableRetiredKey,
  keyRetire,
  planKeyDestroy,
  planKeyRetire,
  undestroyKey,
} from '../../../src/lib/key/destroy/index.ts';
import { withKeyringLock } from '../../../src/lib/key/keyring/lock.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { progressOf, readJournal } from '../../../src/lib/operation/journal.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { type DestroyWorld, destroyWorld, options } from '../../support/destroy-world.ts';
import { onceUnlocked } from '../../support/once-unlocked.ts';

const script = fileURLToPath(new URL('../../support/destroy-child.ts', import.meta.url));

let world: DestroyWorld;
beforeEach(async () => {
  world = await destroyWorld();
});
afterEach(() => world?.close());

const day = 86_400_000;
const keyNow = () => world.kms.describeKey(world.old);

async function predicate(plan: Plan) {
  const { rows } = await world.state.pool.query(
    'select envelope from postern.certificate where plan_id = $1',
    [plan.id],
  );
  const { payload } = JSON.parse(rows[0].envelope);
  return JSON.parse(Buffer.from(payload, 'base64').toString());
}

async function retirePlan(): Promise<Plan> {
  const context = await world.context();
  const plan = await planKeyRetire(
    context,
    await assessRetire(context, { key: world.old, writerCacheSeconds: 0 }),
  );
  await savePlan(context, plan);
  return plan;
}

test('retired, approved by two, and applied, the key is destroyed after its waiting time, and certified', async () => {
  await world.ready();
  const plan = await world.planned({ waitingDays: 9 });
  const [, bob, carol] = world.operators;
  await world.approve(plan, bob, carol);
  expect(await world.stateOfOld()).toBe('disabled');
  await world.apply(plan);
  const { state, deletionDate } = await keyNow();
  expect(state).toBe('pending-deletion');
  const wait = (deletionDate?.getTime() ?? 0) - Date.now();
  expect(wait).toBeGreaterThan(8.9 * day);
  expect(wait).toBeLessThan(9.1 * day);
  const { predicateType, predicate: stated } = await predicate(plan);
  expect(predicateType).toBe('urn:postern:predicate:key-destroy:v1');
  expect(stated).toMatchObject({
    key: world.old,
    soakSeconds: 7 * 86_400,
    waitingDays: 9,
    deletionDate: deletionDate?.toISOString(),
    firstPassAt: expect.stringMatching(/^20/),
    secondPassAt: expect.stringMatching(/^20/),
    plan: { approvals: [{ name: 'Bob' }, { name: 'Carol' }] },
  });
  expect(stated.rules).toHaveLength(8);
  expect(new Set(stated.rules.map(({ verdict }: { readonly verdict: string }) => verdict))).toEqual(
    new Set(['met']),
  );
  expect(await world.readTokens()).toEqual(world.tokens);
});

test('two operators besides the author must approve, also where the profile asks for none', async () => {
  await world.ready();
  const plan = await world.planned();
  expect(plan.body.approvals).toBe(2);
  const [alice, bob, carol] = world.operators;
  const refusedBy = async (text: string) => {
    await expect(world.apply(plan)).rejects.toMatchObject({
      exitCode: 6,
      code: 'plan-unapproved',
      message: expect.stringContaining(text),
    });
    expect(await world.stateOfOld()).toBe('disabled');
  };
  await refusedBy('0 of 2');
  await expect(world.approve(plan, alice)).rejects.toMatchObject({ code: 'approver-is-author', exitCode: 6 });
  await world.approve(plan, bob);
  await refusedBy('1 of 2');
  await world.approve(plan, bob).catch(() => {});
  await refusedBy('1 of 2');
  await world.approve(plan, carol);
  await world.apply(plan);
  expect(await world.stateOfOld()).toBe('pending-deletion');
});

test('what comes to need the key after the approvals is found when the plan is applied', async () => {
  await world.ready();
  const plan = await world.planned();
  const [, bob, carol] = world.operators;
  await world.approve(plan, bob, carol);
  await world.platform.query(
    'update app.key set kek = $1 where id = (select id from app.key order by id limit 1)',
    [world.old],
  );
  await expect(world.apply(plan)).rejects.toMatchObject({
    exitCode: 6,
    code: 'key-needed',
    hints: [expect.stringMatching(/^no-data-key, not met: it wraps 1 data key of app\.key$/)],
  });
  expect(await world.stateOfOld()).toBe('disabled');
  await world.platform.query('update app.key set kek = $1', [world.next]);
  await world.state.pool.query(
    `insert into postern.key_quarantine (profile, table_name, column_name, row_key, reason, plan_id)
     select 'test', 'app.token', 'secret', '{a,t0}', 'value-moved', id from postern.plan limit 1`,
  );
  await expect(world.apply(plan)).rejects.toMatchObject({ exitCode: 6, code: 'key-needed' });
  expect(await world.stateOfOld()).toBe('disabled');
  await world.state.pool.query('delete from postern.key_quarantine');
  await world.apply(plan);
  expect(await world.stateOfOld()).toBe('pending-deletion');
});

test('what appears between the proof and the end is found by the second look', async () => {
  await world.ready();
  const plan = await world.planned();
  const [, bob, carol] = world.operators;
  await world.approve(plan, bob, carol);
  let counts = 0;
  // The third time that data keys are counted is the one before the service is told.
  const own = await world.context();
  const openReader = async () => {
    const client = await own.openReader();
    return new Proxy(client, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver);
        if (name !== 'query' || typeof member !== 'function') return member;
        return async (...values: unknown[]) => {
          if (String(values[0]).includes('count(*)::text as keys') && (counts += 1) === 3) {
            await world.platform.query('update app.key set kek = $1', [world.old]);
          }
          return Reflect.apply(member, target, values) as unknown;
        };
      },
    });
  };
  await expect(world.apply(plan, { openReader })).rejects.toMatchObject({ exitCode: 6, code: 'key-needed' });
  expect(counts).toBe(3);
  expect(await world.stateOfOld()).toBe('disabled');
});

test('while another plan works on a keyring, which could bring data keys under it, nothing is told to the service', async () => {
  await world.ready();
  const plan = await world.planned();
  const [, bob, carol] = world.operators;
  await world.approve(plan, bob, carol);
  await withKeyringLock(await world.context(), 'app.key', async () => {
    await expect(world.apply(plan)).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringContaining('another run holds the lock for key test app.key'),
    });
  });
  expect(await world.stateOfOld()).toBe('disabled');
  await world.apply(plan);
  expect(await world.stateOfOld()).toBe('pending-deletion');
});

test.each(['before:scheduleKeyDeletion', 'after:scheduleKeyDeletion', 'after:lastUse'])(
  'killed %s, the next run ends with one destruction, proven again',
  async (point) => {
    await world.ready();
    const plan = await world.planned();
    const [, bob, carol] = world.operators;
    await world.approve(plan, bob, carol);
    await kill(plan, point);
    const isDone = point === 'after:scheduleKeyDeletion';
    expect(await world.stateOfOld()).toBe(isDone ? 'pending-deletion' : 'disabled');
    const { deletionDate } = await keyNow();
    if (!isDone) {
      await world.platform.query('update app.key set kek = $1', [world.old]);
      await expect(onceUnlocked(() => world.apply(plan))).rejects.toMatchObject({
        exitCode: 6,
        code: 'key-needed',
      });
      await world.platform.query('update app.key set kek = $1', [world.next]);
    }
    await onceUnlocked(() => world.apply(plan));
    const after = await keyNow();
    expect(after.state).toBe('pending-deletion');
    if (isDone) expect(after.deletionDate).toEqual(deletionDate);
    expect((await predicate(plan)).predicate).toMatchObject({
      deletionDate: after.deletionDate?.toISOString(),
      rules: expect.arrayContaining([expect.objectContaining({ rule: 'disabled', verdict: 'met' })]),
    });
  },
);

test.each(['before:disableKey', 'after:disableKey'])(
  'killed %s, the next run retires the key, from when on its time counts',
  async (point) => {
    const plan = await retirePlan();
    await kill(plan, point);
    expect(await world.stateOfOld()).toBe(point === 'after:disableKey' ? 'disabled' : 'enabled');
    const look = async () => {
      const { rules } = await assessDestroy(await world.context(), { key: world.old, ...options });
      return rules.find(({ rule }) => rule === 'disabled')?.evidence.join();
    };
    expect(await look()).toContain('`postern key retire ');
    await onceUnlocked(async () => applyPlan(await world.context(), keyRetire, plan.id));
    expect(await world.stateOfOld()).toBe('disabled');
    expect(await look()).toMatch(/^disabled since .*not long enough/);
    expect(progressOf(await readJournal(world.state.pool, plan.id)).state).toBe('applied');
  },
);

test('taken back while it is pending, the key works again, and no approval of before destroys it', async () => {
  await world.ready();
  const [, bob, carol] = world.operators;
  const second = await world.planned({ waitingDays: 7 });
  await world.approve(second, bob, carol);
  const plan = await world.planned();
  await world.approve(plan, bob, carol);
  await world.apply(plan);
  await undestroyKey(await world.context(), await keyNow());
  expect(await world.stateOfOld()).toBe('enabled');
  await expect(world.kms.generateDataKey(world.old, {})).resolves.toBeDefined();
  await expect(world.apply(second)).rejects.toMatchObject({ exitCode: 6, code: 'plan-stale' });
  await world.retire();
  await world.passTime('8 days');
  await expect(world.apply(second)).rejects.toMatchObject({ exitCode: 6, code: 'key-retired-anew' });
  expect(await world.stateOfOld()).toBe('disabled');
  const { rows } = await world.state.pool.query(
    `select body::jsonb ->> 'event' as event, body::jsonb ->> 'target' as target from postern.audit_entry
     where body::jsonb ->> 'action' = 'key.undestroy' order by seq`,
  );
  expect(rows).toEqual([
    { event: 'intent', target: world.old },
    { event: 'done', target: world.old },
  ]);
});

test('what is not pending cannot be taken back, and what is destroyed is told as gone', async () => {
  const context = await world.context();
  await expect(undestroyKey(context, await keyNow())).rejects.toMatchObject({
    exitCode: 6,
    code: 'key-not-pending',
  });
  await expect(enableRetiredKey(context, await keyNow())).rejects.toMatchObject({
    exitCode: 6,
    code: 'key-not-disabled',
  });
  await world.retire();
  await expect(undestroyKey(context, await keyNow())).rejects.toMatchObject({
    hints: [expect.stringContaining('--undo')],
  });
  await world.kms.scheduleKeyDeletion(world.old, 7);
  const pending = await keyNow();
  await expect(enableRetiredKey(context, pending)).rejects.toMatchObject({
    hints: [expect.stringContaining('postern key undestroy')],
  });
  const [, , kmsPath = '', passphrase = ''] = world.childArguments;
  const clock = { now: () => new Date(Date.now() + 8 * day) };
  const later = await openLocalKms({ path: kmsPath, unlock: { passphrase }, clock });
  const own = await world.context({ kms: () => Promise.resolve(later) });
  const gone = { exitCode: 1, code: 'kms-key-missing' };
  await expect(undestroyKey(own, pending)).rejects.toMatchObject(gone);
  await expect(assessDestroy(own, { key: world.old, ...options })).rejects.toMatchObject(gone);
});

test('a destruction that is taken back, and whose key cannot be enabled, is told as half done', async () => {
  await world.kms.scheduleKeyDeletion(world.old, 7);
  const kms = new Proxy(world.kms, {
    get: (target, name, receiver) =>
      name === 'enableKey'
        ? () => Promise.reject(new Error('no answer'))
        : Reflect.get(target, name, receiver),
  });
  const context = await world.context({ kms: () => Promise.resolve(kms) });
  await expect(undestroyKey(context, await keyNow())).rejects.toMatchObject({
    exitCode: 7,
    code: 'key-still-disabled',
    hints: [expect.stringContaining('--undo')],
  });
  expect(await world.stateOfOld()).toBe('disabled');
  await enableRetiredKey(await world.context(), await keyNow());
  expect(await world.stateOfOld()).toBe('enabled');
});

test('a key that signs, is pending, or is no key is refused before anything is looked at', async () => {
  const context = await world.context();
  const assess = (key: string) => assessDestroy(context, { key, ...options });
  const signer = await world.kms.createKey({ usage: 'sign', description: '' });
  await expect(assess(signer.arn)).rejects.toMatchObject({ exitCode: 2, code: 'kek-usage' });
  await expect(assess('alias/old')).rejects.toMatchObject({ exitCode: 2, code: 'kms-alias' });
  await expect(assess('local:00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({
    exitCode: 1,
    code: 'kms-key-missing',
  });
  await world.kms.scheduleKeyDeletion(world.old, 7);
  await expect(assess(world.old)).rejects.toMatchObject({
    exitCode: 6,
    code: 'key-pending-deletion',
    hints: [expect.stringContaining('key undestroy')],
  });
});

test('a retirement is certified, and a plan that somebody overtook is stale', async () => {
  const plan = await retirePlan();
  const other = await retirePlan();
  await applyPlan(await world.context(), keyRetire, plan.id);
  expect(await predicate(plan)).toMatchObject({
    predicateType: 'urn:postern:predicate:key-retire:v1',
    predicate: { key: world.old, disabled: true, writerCacheSeconds: 0 },
  });
  await expect(applyPlan(await world.context(), keyRetire, other.id)).rejects.toMatchObject({
    code: 'plan-stale',
  });
  // A refused attempt is on the audit log behind what enabled the key, and does not count as a retirement.
  await enableRetiredKey(await world.context(), await keyNow());
  await applyPlan(await world.context(), keyRetire, plan.id).catch(() => {});
  await world.kms.disableKey(world.old);
  const context = await world.context();
  const assessed = await assessDestroy(context, { key: world.old, ...options });
  expect(assessed.rules.find(({ rule }) => rule === 'disabled')?.evidence.join()).toContain('enabled again');
  await expect(planKeyDestroy(context, assessed)).rejects.toMatchObject({ exitCode: 6 });
});

async function kill(plan: Plan, point: string): Promise<void> {
  const child = spawn(process.execPath, [script, ...world.childArguments, plan.id, point], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}
