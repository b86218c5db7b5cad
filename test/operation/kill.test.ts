import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { listCertificates } from '../../src/lib/operation/certificate-store.ts';
import { progressOf, readJournal } from '../../src/lib/operation/journal.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { onceUnlocked } from '../support/once-unlocked.ts';
import { type TestState, testContext, testSigner, testState } from '../support/operation.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { createToyTables, type ToyContext, toyKind, toyPlan } from '../support/toy-kind.ts';

const script = fileURLToPath(new URL('../support/apply-child.ts', import.meta.url));
const steps = 25;
let state: TestState;
let database: TestDatabase;
let context: ToyContext;
let folder: string;
const signer = testSigner();

beforeAll(async () => {
  state = await testState();
  database = await testDatabase();
  const effects = await openPool({ url: database.url, role: 'effects database' });
  await createToyTables(effects);
  context = { ...testContext(state, { certificateSigner: signer.certificateSigner }), effects };
  folder = await mkdtemp(join(tmpdir(), 'postern-kill-'));
  await writeFile(join(folder, 'key.pem'), signer.secretKey, { mode: 0o600 });
});
afterAll(async () => {
  await context.effects.end();
  await database.drop();
  await state.close();
  await rm(folder, { recursive: true });
});

async function saved(note: string): Promise<Plan> {
  const plan = await toyPlan(context, { note, steps });
  await savePlan(context, plan);
  return plan;
}

function spawnApply(plan: Plan, killAt = ''): ChildProcess {
  const argv = [script, state.url, database.url, plan.id, join(folder, 'key.pem'), killAt];
  return spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Resumes the plan in this process. */
async function finish(plan: Plan): Promise<void> {
  await onceUnlocked(() => applyPlan(context, toyKind, plan.id));
}

/** Every effect once, every step done once, in order, and no step run more often than kills explain. */
async function expectExactlyOnce(plan: Plan, kills: number): Promise<void> {
  const all = Array.from({ length: steps }, (_, index) => index);
  const { rows: effects } = await context.effects.query(
    'select step from effect where plan = $1 order by step',
    [plan.id],
  );
  expect(effects.map(({ step }) => step as number)).toEqual(all);
  const journal = await readJournal(state.pool, plan.id);
  expect(journal.filter(({ event }) => event === 'done').map(({ step }) => step)).toEqual(all);
  expect(journal.filter(({ event }) => event === 'applied')).toHaveLength(1);
  expect(progressOf(journal).state).toBe('applied');
  const { rows: attempts } = await context.effects.query<{ step: number }>(
    'select step from attempt where plan = $1 order by number',
    [plan.id],
  );
  const order = attempts.map(({ step }) => step);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order.length).toBeLessThanOrEqual(steps + kills);
  expect((await listCertificates(state.pool)).filter(({ planId }) => planId === plan.id)).toHaveLength(1);
}

test.each(['before:0', 'after:0', 'before:12', 'after:12', 'after:24', `certify:${steps}`])(
  'killed at %s, a plan is finished by the next run with every effect once',
  async (point) => {
    const plan = await saved(point);
    const child = spawnApply(plan, point);
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    await finish(plan);
    await expectExactlyOnce(plan, 1);
  },
);

test('killed at fifteen random moments, plans are finished with every effect once', async () => {
  let plan = await saved('random 0');
  let kills = 0;
  let killsOfPlan = 0;
  for (let round = 1; kills < 15 && round <= 60; round += 1) {
    const child = spawnApply(plan);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.random() * 120);
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    clearTimeout(timer);
    if (signal === 'SIGKILL') {
      kills += 1;
      killsOfPlan += 1;
      continue;
    }
    // 11: the server had not yet noticed that the killed run is gone; 6: it was killed after the last entry.
    expect([0, 6, 11]).toContain(code);
    if (code === 11) continue;
    await expectExactlyOnce(plan, killsOfPlan);
    plan = await saved(`random ${round}`);
    killsOfPlan = 0;
  }
  expect(kills).toBe(15);
  if (progressOf(await readJournal(state.pool, plan.id)).state !== 'applied') await finish(plan);
  await expectExactlyOnce(plan, killsOfPlan);
});
