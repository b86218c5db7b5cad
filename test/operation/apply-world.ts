import { afterAll, beforeAll, beforeEach } from 'vitest';
import { openPool } from '../../src/lib/base/postgres.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type TestState, testContext, testSigner, testState } from '../support/operation.ts';
import { testDatabase } from '../support/postgres.ts';
import { createToyTables, type ToyContext, toyPlan } from '../support/toy-kind.ts';

/** A state database, and another one whose rows tell what plans did. */
export interface ApplyWorld {
  readonly state: TestState;
  readonly context: ToyContext;
  readonly signer: ReturnType<typeof testSigner>;
  /** A plan that is saved. */
  readonly saved: (own?: Parameters<typeof toyPlan>[1]) => Promise<Plan>;
  /** The steps that have taken effect. */
  readonly effectsOf: (plan: Plan) => Promise<readonly number[]>;
  /** The steps that were begun, in their order. */
  readonly attemptsOf: (plan: Plan) => Promise<readonly number[]>;
}

/** Makes the world before the tests of a file, and drops it after them. */
export function applyWorld(): ApplyWorld {
  const signer = testSigner();
  const closers: (() => Promise<void>)[] = [];
  let state: TestState;
  let context: ToyContext;
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
  const stepsOf = async (sql: string, { id }: Plan): Promise<readonly number[]> => {
    const { rows } = await context.effects.query<{ step: number }>(sql, [id]);
    return rows.map(({ step }) => step);
  };
  return {
    signer,
    get state() {
      return state;
    },
    get context() {
      return context;
    },
    saved: async (own = {}) => {
      const plan = await toyPlan(context, own);
      await savePlan(context, plan);
      return plan;
    },
    effectsOf: (plan) => stepsOf('select step from effect where plan = $1 order by step', plan),
    attemptsOf: (plan) => stepsOf('select step from attempt where plan = $1 order by number', plan),
  };
}
