import { expect, test } from 'vitest';
import { readAudit } from '../../src/lib/audit/read.ts';
import { failure } from '../../src/lib/base/error.ts';
import { canonicalJson } from '../../src/lib/crypto/canonical-json.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { cancelPlan } from '../../src/lib/operation/cancel.ts';
import { verifyCertificate } from '../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { readJournal } from '../../src/lib/operation/journal.ts';
import { listPlans, loadPlan, savePlan } from '../../src/lib/operation/plan-store.ts';
import { clockAt } from '../support/operation.ts';
import { toyKind, toyPlan } from '../support/toy-kind.ts';
import { applyWorld } from './apply-world.ts';

const world = applyWorld();

async function tamper(table: string, sql: string, values: readonly unknown[]): Promise<void> {
  await world.state.pool.query(`alter table postern.${table} disable trigger all`);
  await world.state.pool.query(sql, [...values]);
}

test('a plan is applied step by step, certified, and then closed', async () => {
  const plan = await world.saved({ note: 'whole' });
  const applied = await applyPlan(world.context, toyKind, plan.id);
  expect(applied).toMatchObject({ resumedAfter: 0 });
  expect(await world.effectsOf(plan)).toEqual([0, 1, 2]);
  const events = (await readJournal(world.state.pool, plan.id)).map(({ event, step }) =>
    `${event} ${step ?? ''}`.trim(),
  );
  expect(events).toEqual([
    'started',
    'intent 0',
    'done 0',
    'intent 1',
    'done 1',
    'intent 2',
    'done 2',
    'applied',
  ]);
  const certificate = verifyCertificate(await loadCertificate(world.state.pool, plan.id), [
    world.signer.publicKey,
  ]);
  expect(certificate.id).toBe(applied.certificateId);
  expect(certificate.statement).toMatchObject({
    subject: [{ name: 'plan', digest: { sha256: plan.id } }, { name: 'toy' }],
    predicate: { steps: 3, plan: { id: plan.id, kind: 'toy.write', approvals: [] } },
  });
  await expect(applyPlan(world.context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-applied',
  });
  expect(await world.attemptsOf(plan)).toEqual([0, 1, 2]);
});

test('creating and applying a plan stand in the audit log under its id', async () => {
  const plan = await world.saved({ note: 'audited' });
  await applyPlan(world.context, toyKind, plan.id);
  const rows = await readAudit(world.state.pool, { plan: plan.id });
  expect(rows.map(({ body }) => `${body?.action} ${body?.event}`)).toEqual([
    'plan.create intent',
    'plan.create done',
    'plan.apply intent',
    'plan.apply done',
  ]);
  expect(rows.at(-1)?.body?.detail).toMatchObject({ steps: 3, resumedAfter: 0 });
});

test('a plan is found by the first digits of its id', async () => {
  const plan = await world.saved({ note: 'prefix' });
  expect((await loadPlan(world.state.pool, plan.id.slice(0, 12).toUpperCase())).id).toBe(plan.id);
  await expect(loadPlan(world.state.pool, plan.id.slice(0, 7))).rejects.toMatchObject({
    exitCode: 2,
    code: 'plan-id',
  });
  await expect(loadPlan(world.state.pool, '00000000')).rejects.toMatchObject({
    exitCode: 2,
    code: 'plan-missing',
  });
});

test('a plan whose stored text was changed is not applied', async () => {
  const plan = await world.saved({ note: 'tampered' });
  await world.state.pool.query('alter table postern.plan drop constraint plan_check');
  const text = canonicalJson({ ...JSON.parse(plan.text), inputs: { note: 'another' } });
  await tamper('plan', 'update postern.plan set text = $1 where id = $2', [text, plan.id]);
  await expect(applyPlan(world.context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 5,
    code: 'plan-tampered',
  });
  expect(await world.effectsOf(plan)).toEqual([]);
});

test('a plan for another database is refused', async () => {
  const plan = await toyPlan(world.context, { target: { systemIdentifier: '1', database: 'other' } });
  await savePlan(world.context, plan);
  await expect(applyPlan(world.context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-wrong-target',
  });
  const host = { ...(await toyKind.target(world.context, plan)), host: 'db1' };
  const other = await world.saved({ target: host });
  await expect(applyPlan(world.context, toyKind, other.id)).rejects.toThrow('host is unknown, not db1');
});

test('a plan of another profile is refused', async () => {
  const plan = await world.saved({ note: 'profile' });
  await expect(
    applyPlan({ ...world.context, profile: 'production' }, toyKind, plan.id),
  ).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-wrong-profile',
  });
});

test('a plan whose preconditions changed is stale, and one whose preconditions hold is not', async () => {
  const plan = await world.saved({ note: 'stale' });
  await world.context.effects.query(`insert into premise values ('new')`);
  const refusal = applyPlan(world.context, toyKind, plan.id);
  await expect(refusal).rejects.toMatchObject({ exitCode: 6, code: 'plan-stale' });
  await expect(refusal).rejects.toThrow('premise');
  expect(await world.effectsOf(plan)).toEqual([]);
  await world.context.effects.query('truncate premise');
  await expect(applyPlan(world.context, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 0 });
});

test('a plan is not begun after its expiry, nor much before it was made', async () => {
  const plan = await world.saved({ note: 'expiry', validFor: 60_000 });
  const late = { ...world.context, clock: clockAt(61_000) };
  await expect(applyPlan(late, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-expired',
  });
  const early = { ...world.context, clock: clockAt(-3_600_000) };
  await expect(applyPlan(early, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-from-the-future',
  });
  await expect(
    applyPlan({ ...world.context, clock: clockAt(59_000 - 5_000) }, toyKind, plan.id),
  ).resolves.toBeDefined();
});

test('a signer that cannot be had stops a plan before its first step', async () => {
  const plan = await world.saved({ note: 'no signer' });
  const unsigned = { ...world.context, certificateSigner: () => Promise.reject(failure('key unreadable')) };
  await expect(applyPlan(unsigned, toyKind, plan.id)).rejects.toThrow('key unreadable');
  expect(await world.attemptsOf(plan)).toEqual([]);
});

test('without a configured signer the plan is applied, and a warning says that there is no certificate', async () => {
  const plan = await world.saved({ note: 'unsigned' });
  const warnings: string[] = [];
  const progress = { ...world.context.progress, warn: (line: string) => warnings.push(line) };
  const unsigned = { ...world.context, progress, certificateSigner: () => Promise.resolve(undefined) };
  expect(await applyPlan(unsigned, toyKind, plan.id)).not.toHaveProperty('certificateId');
  expect(warnings).toEqual([expect.stringContaining('no certificate')]);
});

test('a cancelled plan is never applied, and an applied one cannot be cancelled', async () => {
  const plan = await world.saved({ note: 'cancelled' });
  await cancelPlan(world.context, plan.id, { reason: 'no longer wanted', whenStarted: 'refuse' });
  await expect(applyPlan(world.context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-cancelled',
  });
  const done = await world.saved({ note: 'not cancelled' });
  await applyPlan(world.context, toyKind, done.id);
  await expect(
    cancelPlan(world.context, done.id, { reason: 'too late', whenStarted: 'abandon' }),
  ).rejects.toMatchObject({ exitCode: 6, code: 'plan-applied' });
});

test('lists show what can still be applied, and everything on request', async () => {
  const open = await world.saved({ note: 'listed' });
  const expired = await world.saved({ note: 'listed and expired', validFor: 1 });
  const now = new Date(Date.now() + 1000);
  const pending = await listPlans(world.state.pool, { now, profile: 'test' });
  const all = await listPlans(world.state.pool, { now, which: 'all' });
  expect(pending.find(({ id }) => id === open.id)).toMatchObject({
    state: 'open',
    kind: 'toy.write',
    approvals: 0,
  });
  expect(pending.some(({ id }) => id === expired.id)).toBe(false);
  expect(all.find(({ id }) => id === expired.id)?.state).toBe('expired');
  expect(new Set(all.map((entry) => entry.state))).toContain('cancelled');
  expect(await listPlans(world.state.pool, { now, profile: 'elsewhere', which: 'all' })).toEqual([]);
});
