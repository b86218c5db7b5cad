import { usageError } from '../../base/error.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { formatName, tableName } from '../../platform/map/index.ts';
import type { Closure } from '../erase/closure/closure.ts';
import { isWritable } from '../erase/closure/freeze.ts';
import { isOfTenant, tenantTables } from '../erase/closure/tenant-rows.ts';
import { treatmentsOf } from '../erase/closure/treatment.ts';
import type { EraseContext } from '../erase/context.ts';
import { closureInputs, destroyingSteps, effectsOf, planStep } from '../erase/plan-erase.ts';
import { plannedClosure } from '../erase/planned-closure.ts';
import { erasePreconditions } from '../erase/preconditions.ts';
import { personGraph } from '../graph/person-graph.ts';
import { dueOn } from './clock.ts';
import { type OffboardInputs, offboardInputs } from './inputs.ts';

export interface OffboardOptions {
  readonly tenant: string;
  readonly reason: string;
  /** `2026-11-01` */
  readonly endedOn: string;
  /** Of a tenant that is on record as not deleted yet: nothing may be there any more but to count, and to enter that. */
  readonly isOnRecord?: boolean;
}

export interface PlannedOffboard {
  readonly plan: Plan;
  readonly inputs: OffboardInputs;
}

/**
 * Plans that all that a tenant has is deleted. Nothing is kept of it but the plan.
 * @throws {PosternError} exit 2 `tenant-unknown`; exit 6 `map-incomplete`, `erase-blocked`, `role-cannot-write`,
 * `row-security`
 */
export async function planOffboard(
  context: EraseContext,
  { tenant, reason, endedOn, isOnRecord = false }: OffboardOptions,
): Promise<PlannedOffboard> {
  const db = await context.openWriter();
  try {
    const at = context.clock.now();
    const closure = await plannedClosure(context, db, { seeds: [], tenant, wholeTenant: true, at });
    const { rows, catalog, task } = closure;
    if (rows.length === 0 && !isOnRecord) throw unknownTenant(tenant);
    const writable = [...task.treatments.values()].filter(isWritable).map(({ table }) => table.name);
    const tied = tenantTables(task.graph);
    const inputs = offboardInputs.parse({
      tenant,
      reason,
      endedOn,
      dueOn: dueOn(endedOn),
      judgedAt: at.toISOString(),
      untied: writable.filter((name) => !tied.has(name)),
      ...closureInputs(closure),
    });
    const plan = createPlan(context, {
      kind: 'tenant.offboard',
      target: await databaseTarget(db),
      inputs,
      steps: stepsOf(closure, tenant),
      preconditions: [...erasePreconditions(await context.map(), catalog)],
      effects: effectsOf(closure),
    });
    return { plan, inputs };
  } finally {
    await db.end().catch(() => {});
  }
}

/**
 * Makes sure that the platform knows a tenant, without looking at all that it has.
 * @throws {PosternError} exit 2, `tenant-unknown`
 */
export async function requireTenant(
  context: Pick<EraseContext, 'openWriter' | 'map'>,
  tenant: string,
): Promise<void> {
  const graph = personGraph(await context.map());
  const db = await context.openWriter();
  try {
    const { relations } = await readCatalog(db);
    const byName = new Map(relations.map((one) => [formatName(one.schema, one.name), one]));
    for (const treatment of treatmentsOf(graph, byName).values()) {
      const isTheirs = isWritable(treatment) ? isOfTenant(treatment, tenant) : undefined;
      if (isTheirs === undefined) continue;
      const { rows } = await db.query<{ there: boolean }>(
        `select exists (select from ${tableName(treatment.table.name)} t where ${isTheirs}) as there`,
      );
      if (rows[0]?.there === true) return;
    }
  } finally {
    await db.end().catch(() => {});
  }
  throw unknownTenant(tenant);
}

/** @returns exit 2, `tenant-unknown` */
export function unknownTenant(tenant: string): Error {
  return usageError(`no row of the platform is of a tenant ${JSON.stringify(tenant)}`, {
    code: 'tenant-unknown',
    hints: [
      'give what stands in the columns that the data map calls `tenant`, written as PostgreSQL writes it',
    ],
  });
}

const stepsOf = (closure: Closure, tenant: string) => [
  planStep('freeze', `write down the rows and objects of tenant ${tenant}, and compare them with the plan`),
  planStep('ledger', 'write the deletion into the ledger, to be repeated after restores'),
  ...destroyingSteps(closure),
  planStep('recount', 'count what is left of the tenant, and look for its objects'),
  planStep('register', 'enter the deletion into the register of tenants that left'),
  planStep('tidy', 'remove the work tables'),
];
