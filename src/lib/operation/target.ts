import { incomplete, refused } from '../base/error.ts';
import { type Queryable, sqlState } from '../base/postgres.ts';
import { type Plan, type PlanTarget, shortId } from './plan.ts';

/**
 * What tells one database from every other: the cluster's system identifier, which a physical copy keeps and a new
 * cluster does not, and the database's name.
 * @throws {PosternError} exit 4, `code: 'target-unknown'`, when the role may not ask for it
 */
export async function databaseTarget(db: Queryable): Promise<PlanTarget> {
  try {
    const { rows } = await db.query<{ systemIdentifier: string; database: string }>(
      `select system_identifier::text as "systemIdentifier", current_database() as database from pg_control_system()`,
    );
    const [target] = rows;
    if (target !== undefined) return target;
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
  }
  throw incomplete("the database's system identifier cannot be read, so a plan could not be bound to it", {
    code: 'target-unknown',
    hints: ['grant execute on function pg_control_system() to the role'],
  });
}

/**
 * Every member that the plan states must be what it was.
 * @throws {PosternError} exit 6, `code: 'plan-wrong-target'`
 */
export function requireTarget(plan: Plan, current: PlanTarget): void {
  const stated = Object.entries(plan.body.target);
  const differing = stated.filter(([name, value]) => current[name as keyof PlanTarget] !== value);
  if (differing.length === 0) return;
  const list = differing.map(
    ([name, value]) => `${name} is ${current[name as keyof PlanTarget] ?? 'unknown'}, not ${value}`,
  );
  throw refused(`plan ${shortId(plan.id)} was made for another target: ${list.join('; ')}`, {
    code: 'plan-wrong-target',
    hints: ['check --profile and its URL; make a new plan if the database was moved on purpose'],
  });
}
