import { expect, test } from 'vitest';
import { failure, integrityError, refused } from '../../src/lib/base/error.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { cancelPlan } from '../../src/lib/operation/cancel.ts';
import { listCertificates } from '../../src/lib/operation/certificate-store.ts';
import { progressOf, readJournal } from '../../src/lib/operation/journal.ts';
import type { PlanKind } from '../../src/lib/operation/plan-kind.ts';
import { listPlans } from '../../src/lib/operation/plan-store.ts';
import { clockAt } from '../support/operation.ts';
import { type ToyContext, toyKind } from '../support/toy-kind.ts';
import { applyWorld } from './apply-world.ts';

const world = applyWorld();

test('a step that fails first leaves nothing applied and its own error', async () => {
  const plan = await world.saved({ note: 'first fails' });
  const failing: ToyContext = {
    ...world.context,
    at: (point) => {
      if (point === 'before') throw failure('the table is locked', { code: 'toy-locked' });
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 1,
    code: 'toy-locked',
  });
  expect((await readJournal(world.state.pool, plan.id)).at(-1)).toMatchObject({
    event: 'failed',
    step: 0,
    detail: { code: 'toy-locked', exitCode: 1 },
  });
  await applyPlan(world.context, toyKind, plan.id);
  expect(await world.effectsOf(plan)).toEqual([0, 1, 2]);
});

test('a step that fails later ends with exit 7, and the next run does only the rest, whatever changed meanwhile', async () => {
  const plan = await world.saved({ note: 'later fails', validFor: 60_000 });
  const failing: ToyContext = {
    ...world.context,
    at: (point, step) => {
      if (point === 'before' && step === 1) throw failure('the table is locked');
    },
  };
  const stopped = applyPlan(failing, toyKind, plan.id);
  await expect(stopped).rejects.toMatchObject({ exitCode: 7, code: 'plan-partial' });
  await expect(stopped).rejects.toThrow('step 2 of 3 failed: the table is locked');
  expect(
    (await listPlans(world.state.pool, { now: new Date() })).find(({ id }) => id === plan.id)?.state,
  ).toBe('applying');
  await world.context.effects.query(`insert into premise values ('changed by the first step itself')`);
  const later = { ...world.context, clock: clockAt(3_600_000) };
  await expect(applyPlan(later, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 1 });
  expect(await world.attemptsOf(plan)).toEqual([0, 1, 1, 2]);
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
    const plan = await world.saved({ note: `later ${exitCode}` });
    const failing: ToyContext = {
      ...world.context,
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
    expect((await readJournal(world.state.pool, plan.id)).at(-1)).toMatchObject({
      event: 'failed',
      step: 1,
      detail: { code: error.code, exitCode },
    });
    await expect(applyPlan(world.context, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 1 });
  },
);

test('a resumed plan still refuses another target', async () => {
  const plan = await world.saved({ note: 'resumed elsewhere' });
  const failing: ToyContext = {
    ...world.context,
    at: (_, step) => {
      if (step === 1) throw failure('stop');
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const elsewhere: PlanKind<ToyContext> = {
    ...toyKind,
    target: () => Promise.resolve({ systemIdentifier: '1', database: 'restored' }),
  };
  await expect(applyPlan(world.context, elsewhere, plan.id)).rejects.toMatchObject({
    code: 'plan-wrong-target',
  });
});

test('Ctrl-C stops between two steps with exit 130, and the plan can be resumed', async () => {
  const plan = await world.saved({ note: 'interrupted' });
  const interruption = new AbortController();
  const stopping: ToyContext = {
    ...world.context,
    signal: interruption.signal,
    at: (point, step) => {
      if (point === 'after' && step === 0) interruption.abort();
    },
  };
  await expect(applyPlan(stopping, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 130 });
  expect(await world.effectsOf(plan)).toEqual([0]);
  await expect(applyPlan(world.context, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 1 });
});

test('a step that Ctrl-C stops in its middle is told as interrupted, not as failed', async () => {
  const plan = await world.saved({ note: 'interrupted within' });
  const interruption = new AbortController();
  const told: string[] = [];
  const stopping: ToyContext = {
    ...world.context,
    signal: interruption.signal,
    progress: {
      ...world.context.progress,
      step: () => ({
        advance: () => {},
        done: (summary = 'done') => void told.push(summary),
        fail: (reason) => void told.push(`failed: ${reason}`),
      }),
    },
    at: (point, step) => {
      if (point !== 'before' || step !== 1) return;
      interruption.abort();
      interruption.signal.throwIfAborted();
    },
  };
  await expect(applyPlan(stopping, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 130 });
  expect(told).toEqual(['done', 'interrupted']);
});

test('of two runs at once, one applies and the other is told who holds the lock', async () => {
  const plan = await world.saved({ note: 'twice' });
  let second: Promise<unknown> | undefined;
  const first: ToyContext = {
    ...world.context,
    at: async (point, step) => {
      if (point !== 'before' || step !== 1) return;
      second = applyPlan(world.context, toyKind, plan.id);
      await second.catch(() => {});
    },
  };
  await applyPlan(first, toyKind, plan.id);
  await expect(second).rejects.toMatchObject({ exitCode: 11, code: 'job-locked' });
  expect(await world.attemptsOf(plan)).toEqual([0, 1, 2]);
});

test('a run whose lock session is lost begins no further step', async () => {
  const plan = await world.saved({ note: 'lock lost' });
  const losing: ToyContext = {
    ...world.context,
    at: async (point, step) => {
      if (point !== 'after' || step !== 0) return;
      await world.state.pool.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and application_name like 'postern plan %'`,
      );
    },
  };
  await expect(applyPlan(losing, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  expect(await world.attemptsOf(plan)).toEqual([0]);
  await applyPlan(world.context, toyKind, plan.id);
  expect(await world.attemptsOf(plan)).toEqual([0, 0, 1, 2]);
  expect(await world.effectsOf(plan)).toEqual([0, 1, 2]);
});

test('when only the certificate fails, the next run certifies without repeating a step', async () => {
  const plan = await world.saved({ note: 'certificate fails' });
  const failing: ToyContext = {
    ...world.context,
    at: (point) => {
      if (point === 'certify') throw failure('KMS is away');
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 7,
    code: 'plan-uncertified',
  });
  const applied = await applyPlan(world.context, toyKind, plan.id);
  expect(applied.resumedAfter).toBe(3);
  expect(await world.attemptsOf(plan)).toEqual([0, 1, 2]);
  expect((await listCertificates(world.state.pool)).filter(({ planId }) => planId === plan.id)).toHaveLength(
    1,
  );
});

test('a partly applied plan is cancelled only when told to leave it half done', async () => {
  const plan = await world.saved({ note: 'half' });
  const failing: ToyContext = {
    ...world.context,
    at: (_, step) => {
      if (step === 1) throw failure('stop');
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  const refusal = cancelPlan(world.context, plan.id, { reason: 'x', whenStarted: 'refuse' });
  await expect(refusal).rejects.toMatchObject({ exitCode: 6, code: 'plan-started' });
  const cancelled = await cancelPlan(world.context, plan.id, { reason: 'x', whenStarted: 'abandon' });
  expect(cancelled.stepsDone).toBe(1);
  expect(progressOf(await readJournal(world.state.pool, plan.id)).state).toBe('cancelled');
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
  const plan = await world.saved({ note: 'batches', steps: 1 });
  await expect(applyPlan(world.context, batches, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  await applyPlan(world.context, batches, plan.id);
  expect(seen).toEqual([undefined, { batch: 1 }]);
});
