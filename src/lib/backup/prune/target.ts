import type { PlanTarget } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import type { PruneContext, PrunedDestination } from './context.ts';

/**
 * What a plan to prune is bound to: the destination's name, which a person types to confirm, where it is, and the
 * state database that says what was verified there.
 */
export async function pruneTarget(
  context: PruneContext,
  { name, store, prefix }: PrunedDestination,
): Promise<PlanTarget> {
  const { systemIdentifier } = await databaseTarget(await context.state());
  return { systemIdentifier, database: name, host: `${store.location}/${prefix}` };
}
