import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readAudit } from '../../src/lib/audit/read.ts';
import { failure, integrityError, refused } from '../../src/lib/base/error.ts';
import { openPool } from '../../src/lib/base/postgres.ts';
import { canonicalJson } from '../../src/lib/crypto/canonical-json.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { cancelPlan } from '../../src/lib/operation/cancel.ts';
import { verifyCertificate } from '../../src/lib/operation/certificate.ts';
import { listCertificates, loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { progressOf, readJournal } from '../../src/lib/operation/journal.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import type { PlanKind } from '../../src/lib/operation/plan-kind.ts';
import { listPlans, loadPlan, savePlan } from '../../src/lib/operation/plan-store.ts';
import { clockAt, type TestState, testContext, testSigner, testState } from '../support/operation.ts';
import { testDatabase } from '../support/postgres.ts';
import { createToyTables, type ToyContext, toyKind, toyPlan } from '../support/toy-kind.ts';

let state: TestState;
let context: ToyContext;
const signer = testSigner();
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  state = await testState();
  const database = await testDatabase();
  const effects = await openPool({ url: database.url, role: 'effects database' });
  await createToyTables(effects);
  context = { ...testContext(state, { certificateSigner: signer.certificateSigner }), effects };
  closers.push(
    () => effects.end(),
    () => database.drop(),
    () => state.close(),
  );
});
afterAll(async () => {
  for (const close of closers) await close();
});
beforeEach(async () => {
  await context.effects.query('truncate premise');
});

async function saved(own: Parameters<typeof toyPlan>[1] = {}): Promise<Plan> {
  const plan = await toyPlan(context, own);
  await savePlan(context, plan);
  return plan;
}

async function effectsOf(plan: Plan): Promise<readonly number[]> {
  const { rows } = await context.effects.query<{ step: number }>(
    'select step from effect where plan = $1 order by step',
    [plan.id],
  );
  return rows.map(({ step }) => step);
}

async function attemptsOf(plan: Plan): Promise<readonly number[]> {
  const { rows } = await context.effects.query<{ step: number }>(
    'select step from attempt where plan = $1 order by number',
    [plan.id],
  );
  return rows.map(({ step }) => step);
}

async function tamper(table: string, sql: string, values: readonly unknown[]): Promise<void> {
  await state.pool.query(`alter table postern.${table} disable trigger all`);
  await state.pool.query(sql, [...values]);
}

test('a plan is applied step by step, certified, and then closed', async () => {
  const plan = await saved({ note: 'whole' });
  const applied = await applyPlan(context, toyKind, plan.id);
  expect(applied).toMatchObject({ resumedAfter: 0 });
  expect(await effectsOf(plan)).toEqual([0, 1, 2]);
  const events = (await readJournal(state.pool, plan.id)).map(({ event, step }) =>
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
  const certificate = verifyCertificate(await loadCertificate(state.pool, plan.id), [signer.publicKey]);
  expect(certificate.id).toBe(applied.certificateId);
  expect(certificate.statement).toMatchObject({
    subject: [{ name: 'plan', digest: { sha256: plan.id } }, { name: 'toy' }],
    predicate: { steps: 3, plan: { id: plan.id, kind: 'toy.write', approvals: [] } },
  });
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-applied',
  });
  expect(await attemptsOf(plan)).toEqual([0, 1, 2]);
});

test('creating and applying a plan stand in the audit log under its id', async () => {
  const plan = await saved({ note: 'audited' });
  await applyPlan(context, toyKind, plan.id);
  const rows = await readAudit(state.pool, { plan: plan.id });
  expect(rows.map(({ body }) => `${body?.action} ${body?.event}`)).toEqual([
    'plan.create intent',
    'plan.create done',
    'plan.apply intent',
    'plan.apply done',
  ]);
  expect(rows.at(-1)?.body?.detail).toMatchObject({ steps: 3, resumedAfter: 0 });
});

test('a plan is found by the first digits of its id', async () => {
  const plan = await saved({ note: 'prefix' });
  expect((await loadPlan(state.pool, plan.id.slice(0, 12).toUpperCase())).id).toBe(plan.id);
  await expect(loadPlan(state.pool, plan.id.slice(0, 7))).rejects.toMatchObject({
    exitCode: 2,
    code: 'plan-id',
  });
  await expect(loadPlan(state.pool, '00000000')).rejects.toMatchObject({ exitCode: 2, code: 'plan-missing' });
});

test('a plan whose stored text was changed is not applied', async () => {
  const plan = await saved({ note: 'tampered' });
  await state.pool.query('alter table postern.plan drop constraint plan_check');
  const text = canonicalJson({ ...JSON.parse(plan.text), inputs: { note: 'another' } });
  await tamper('plan', 'update postern.plan set text = $1 where id = $2', [text, plan.id]);
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 5,
    code: 'plan-tampered',
  });
  expect(await effectsOf(plan)).toEqual([]);
});

test('a plan for another database is refused', async () => {
  const plan = await toyPlan(context, { target: { systemIdentifier: '1', database: 'other' } });
  await savePlan(context, plan);
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-wrong-target',
  });
  const host = { ...(await toyKind.target(context, plan)), host: 'db1' };
  const other = await saved({ target: host });
  await expect(applyPlan(context, toyKind, other.id)).rejects.toThrow('host is unknown, not db1');
});

test('a plan of another profile is refused', async () => {
  const plan = await saved({ note: 'profile' });
  await expect(applyPlan({ ...context, profile: 'production' }, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-wrong-profile',
  });
});

test('a plan whose preconditions changed is stale, and one whose preconditions hold is not', async () => {
  const plan = await saved({ note: 'stale' });
  await context.effects.query(`insert into premise values ('new')`);
  const refusal = applyPlan(context, toyKind, plan.id);
  await expect(refusal).rejects.toMatchObject({ exitCode: 6, code: 'plan-stale' });
  await expect(refusal).rejects.toThrow('premise');
  expect(await effectsOf(plan)).toEqual([]);
  await context.effects.query('truncate premise');
  await expect(applyPlan(context, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 0 });
});

test('a plan is not begun after its expiry, nor much before it was made', async () => {
  const plan = await saved({ note: 'expiry', validFor: 60_000 });
  const late = { ...context, clock: clockAt(61_000) };
  await expect(applyPlan(late, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-expired',
  });
  const early = { ...context, clock: clockAt(-3_600_000) };
  await expect(applyPlan(early, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-from-the-future',
  });
  await expect(
    applyPlan({ ...context, clock: clockAt(59_000 - 5_000) }, toyKind, plan.id),
  ).resolves.toBeDefined();
});

test('a step that fails first leaves nothing applied and its own error', async () => {
  const plan = await saved({ note: 'first fails' });
  const failing: ToyContext = {
    ...context,
    at: (point) => {
      if (point === 'before') throw failure('the table is locked', { code: 'toy-locked' });
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 1,
    code: 'toy-locked',
  });
  expect((await readJournal(state.pool, plan.id)).at(-1)).toMatchObject({
    event: 'failed',
    step: 0,
    detail: { code: 'toy-locked', exitCode: 1 },
  });
  await applyPlan(context, toyKind, plan.id);
  expect(await effectsOf(plan)).toEqual([0, 1, 2]);
});

test('a step that fails later ends with exit 7, and the next run does only the rest, whatever changed meanwhile', async () => {
  const plan = await saved({ note: 'later fails', validFor: 60_000 });
  const failing: ToyContext = {
    ...context,
    at: (point, step) => {
      if (point === 'before' && step === 1) throw failure('the table is locked');
    },
  };
  const stopped = applyPlan(failing, toyKind, plan.id);
  await expect(stopped).rejects.toMatchObject({ exitCode: 7, code: 'plan-partial' });
  await expect(stopped).rejects.toThrow('step 2 of 3 failed: the table is locked');
  expect((await listPlans(state.pool, { now: new Date() })).find(({ id }) => id === plan.id)?.state).toBe(
    'applying',
  );
  await context.effects.query(`insert into premise values ('changed by the first step itself')`);
  const later = { ...context, clock: clockAt(3_600_000) };
  await expect(applyPlan(later, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 1 });
  expect(await attemptsOf(plan)).toEqual([0, 1, 1, 2]);
});

test.each([
  [
    'integrity',
    integrityError('a hash does not fit', { code: 'toy-damaged', hints: ['take another copy'] }),
    5,
  ],
  ['a refusal', refused('the server cannot', { code: 'toy-refused', hints: ['take another copy'] }), 6],
])(
  '%s keeps its exit code and its own code behind other steps, and the plan can be resumed',
  async (_, error, exitCode) => {
    const plan = await saved({ note: `later ${exitCode}` });
    const failing: ToyContext = {
      ...context,
      at: (point, step) => {
        if (point === 'before' && step === 1) throw error;
      },
    };
    await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({
      exitCode,
      code: error.code,
      message: `step 2 of 3 failed: ${error.message}`,
      hints: [
        'take another copy',
        expect.stringMatching(/^afterwards, `postern plan apply [0-9a-f]{12}` goes on/),
      ],
    });
    expect((await readJournal(state.pool, plan.id)).at(-1)).toMatchObject({
      event: 'failed',
      step: 1,
      detail: { code: error.code, exitCode },
    });
    await expect(applyPlan(context, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 1 });
  },
);

test('a resumed plan still refuses another target', async () => {
  const plan = await saved({ note: 'resumed elsewhere' });
  const failing: ToyContext = {
    ...context,
    at: (_, step) => {
      if (step === 1) throw failure('stop');
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const elsewhere: PlanKind<ToyContext> = {
    ...toyKind,
    target: () => Promise.resolve({ systemIdentifier: '1', database: 'restored' }),
  };
  await expect(applyPlan(context, elsewhere, plan.id)).rejects.toMatchObject({ code: 'plan-wrong-target' });
});

test('Ctrl-C stops between two steps with exit 130, and the plan can be resumed', async () => {
  const plan = await saved({ note: 'interrupted' });
  const interruption = new AbortController();
  const stopping: ToyContext = {
    ...context,
    signal: interruption.signal,
    at: (point, step) => {
      if (point === 'after' && step === 0) interruption.abort();
    },
  };
  await expect(applyPlan(stopping, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 130 });
  expect(await effectsOf(plan)).toEqual([0]);
  await expect(applyPlan(context, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 1 });
});

test('of two runs at once, one applies and the other is told who holds the lock', async () => {
  const plan = await saved({ note: 'twice' });
  let second: Promise<unknown> | undefined;
  const first: ToyContext = {
    ...context,
    at: async (point, step) => {
      if (point !== 'before' || step !== 1) return;
      second = applyPlan(context, toyKind, plan.id);
      await second.catch(() => {});
    },
  };
  await applyPlan(first, toyKind, plan.id);
  await expect(second).rejects.toMatchObject({ exitCode: 11, code: 'job-locked' });
  expect(await attemptsOf(plan)).toEqual([0, 1, 2]);
});

test('a run whose lock session is lost begins no further step', async () => {
  const plan = await saved({ note: 'lock lost' });
  const losing: ToyContext = {
    ...context,
    at: async (point, step) => {
      if (point !== 'after' || step !== 0) return;
      await state.pool.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like 'postern plan %'`,
      );
    },
  };
  await expect(applyPlan(losing, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  expect(await attemptsOf(plan)).toEqual([0]);
  await applyPlan(context, toyKind, plan.id);
  expect(await attemptsOf(plan)).toEqual([0, 0, 1, 2]);
  expect(await effectsOf(plan)).toEqual([0, 1, 2]);
});

test('a signer that cannot be had stops a plan before its first step', async () => {
  const plan = await saved({ note: 'no signer' });
  const unsigned = { ...context, certificateSigner: () => Promise.reject(failure('key unreadable')) };
  await expect(applyPlan(unsigned, toyKind, plan.id)).rejects.toThrow('key unreadable');
  expect(await attemptsOf(plan)).toEqual([]);
});

test('when only the certificate fails, the next run certifies without repeating a step', async () => {
  const plan = await saved({ note: 'certificate fails' });
  const failing: ToyContext = {
    ...context,
    at: (point) => {
      if (point === 'certify') throw failure('KMS is away');
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 7,
    code: 'plan-uncertified',
  });
  const applied = await applyPlan(context, toyKind, plan.id);
  expect(applied.resumedAfter).toBe(3);
  expect(await attemptsOf(plan)).toEqual([0, 1, 2]);
  expect((await listCertificates(state.pool)).filter(({ planId }) => planId === plan.id)).toHaveLength(1);
});

test('without a configured signer the plan is applied, and a warning says that there is no certificate', async () => {
  const plan = await saved({ note: 'unsigned' });
  const warnings: string[] = [];
  const progress = { ...context.progress, warn: (line: string) => warnings.push(line) };
  const unsigned = { ...context, progress, certificateSigner: () => Promise.resolve(undefined) };
  expect(await applyPlan(unsigned, toyKind, plan.id)).not.toHaveProperty('certificateId');
  expect(warnings).toEqual([expect.stringContaining('no certificate')]);
});

test('a cancelled plan is never applied, and an applied one cannot be cancelled', async () => {
  const plan = await saved({ note: 'cancelled' });
  await cancelPlan(context, plan.id, { reason: 'no longer wanted', whenStarted: 'refuse' });
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-cancelled',
  });
  const done = await saved({ note: 'not cancelled' });
  await applyPlan(context, toyKind, done.id);
  await expect(
    cancelPlan(context, done.id, { reason: 'too late', whenStarted: 'abandon' }),
  ).rejects.toMatchObject({ exitCode: 6, code: 'plan-applied' });
});

test('a partly applied plan is cancelled only when told to leave it half done', async () => {
  const plan = await saved({ note: 'half' });
  const failing: ToyContext = {
    ...context,
    at: (_, step) => {
      if (step === 1) throw failure('stop');
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const refusal = cancelPlan(context, plan.id, { reason: 'x', whenStarted: 'refuse' });
  await expect(refusal).rejects.toMatchObject({ exitCode: 6, code: 'plan-started' });
  const cancelled = await cancelPlan(context, plan.id, { reason: 'x', whenStarted: 'abandon' });
  expect(cancelled.stepsDone).toBe(1);
  expect(progressOf(await readJournal(state.pool, plan.id)).state).toBe('cancelled');
});

test('a step that works in batches goes on from its last checkpoint', async () => {
  const seen: unknown[] = [];
  const batches: PlanKind<ToyContext> = {
    ...toyKind,
    applyStep: async (_context, _plan, _index, journal) => {
      seen.push(journal.lastCheckpoint);
      await journal.checkpoint({ batch: seen.length });
      if (seen.length === 1) throw failure('stop');
      return { last: journal.lastCheckpoint ?? null };
    },
  };
  const plan = await saved({ note: 'batches', steps: 1 });
  await expect(applyPlan(context, batches, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  await applyPlan(context, batches, plan.id);
  expect(seen).toEqual([undefined, { batch: 1 }]);
});

test('lists show what can still be applied, and everything on request', async () => {
  const open = await saved({ note: 'listed' });
  const expired = await saved({ note: 'listed and expired', validFor: 1 });
  const now = new Date(Date.now() + 1000);
  const pending = await listPlans(state.pool, { now, profile: 'test' });
  const all = await listPlans(state.pool, { now, which: 'all' });
  expect(pending.find(({ id }) => id === open.id)).toMatchObject({
    state: 'open',
    kind: 'toy.write',
    approvals: 0,
  });
  expect(pending.some(({ id }) => id === expired.id)).toBe(false);
  expect(all.find(({ id }) => id === expired.id)?.state).toBe('expired');
  expect(new Set(all.map((entry) => entry.state))).toContain('cancelled');
  expect(await listPlans(state.pool, { now, profile: 'elsewhere', which: 'all' })).toEqual([]);
});
