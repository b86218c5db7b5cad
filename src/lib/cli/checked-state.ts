import type { Pool } from '../base/postgres.ts';
import { requireCurrentState } from '../state/status.ts';
import type { PosternContext } from './context.ts';

/**
 * The state database, once it is known to have this postern's schema.
 * @throws {PosternError} exit 2 `state-not-migrated`, exit 5 `migration-changed`, exit 6 `state-newer`
 */
export async function checkedState(context: PosternContext): Promise<Pool> {
  const pool = await context.state();
  await requireCurrentState(pool);
  return pool;
}
