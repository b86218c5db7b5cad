import type { Pool, Queryable } from '../../src/lib/base/postgres.ts';
import type { OperationContext } from '../../src/lib/operation/context.ts';
import { createPlan, type Plan, type PlanTarget } from '../../src/lib/operation/plan.ts';
import type { PlanKind } from '../../src/lib/operation/plan-kind.ts';
import { precondition } from '../../src/lib/operation/staleness.ts';
import { databaseTarget } from '../../src/lib/operation/target.ts';

/** Where in a step something is to happen to it. */
type ToyPoint = 'before' | 'after' | 'certify';

/** Every step writes one row into another database than the journal's. */
export interface ToyContext extends OperationContext {
  readonly effects: Pool;
  /** Called at every point of every step; a test kills, fails or stops there. */
  readonly at?: (point: ToyPoint, step: number) => void | Promise<void>;
}

/** The tables that the toy works on; `attempt` counts how often a step ran, `effect` what came of it. */
export async function createToyTables(db: Queryable): Promise<void> {
  await db.query(`create table if not exists effect (plan text, step int, primary key (plan, step));
    create table if not exists attempt (number serial primary key, plan text, step int);
    create table if not exists premise (value text)`);
}

export const toyKind: PlanKind<ToyContext> = {
  kind: 'toy.write',
  danger: 'severe',
  target: (context) => databaseTarget(context.effects),
  preconditions: async (context) => [await premise(context)],
  applyStep: async (context, plan, index) => {
    await context.effects.query('insert into attempt (plan, step) values ($1, $2)', [plan.id, index]);
    await context.at?.('before', index);
    const { rowCount } = await context.effects.query(
      'insert into effect (plan, step) values ($1, $2) on conflict do nothing',
      [plan.id, index],
    );
    await context.at?.('after', index);
    return { written: rowCount ?? 0 };
  },
  certify: async (context, plan, results) => {
    await context.at?.('certify', results.length);
    return {
      subject: [{ name: 'toy', digest: { sha256: plan.id } }],
      predicateType: 'urn:postern:predicate:toy:v1',
      predicate: { steps: results.length },
    };
  },
};

export async function toyPlan(
  context: ToyContext,
  own: {
    readonly steps?: number;
    readonly target?: PlanTarget;
    readonly validFor?: number;
    readonly note?: string;
  } = {},
): Promise<Plan> {
  return createPlan(context, {
    kind: 'toy.write',
    target: own.target ?? (await databaseTarget(context.effects)),
    inputs: { note: own.note ?? '' },
    steps: Array.from({ length: own.steps ?? 3 }, (_, index) => ({
      kind: 'write',
      summary: `write row ${index}`,
      inputs: { index },
    })),
    preconditions: [await premise(context)],
    effects: { 'rows written': own.steps ?? 3 },
    ...(own.validFor === undefined ? {} : { validFor: own.validFor }),
  });
}

async function premise(context: ToyContext): Promise<{ readonly name: string; readonly sha256: string }> {
  const { rows } = await context.effects.query<{ value: string }>('select value from premise order by value');
  return precondition(
    'premise',
    rows.map(({ value }) => value),
  );
}
