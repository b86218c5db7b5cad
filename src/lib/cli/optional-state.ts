import { messageOf } from '../base/error.ts';
import type { Pool } from '../base/postgres.ts';
import { checkedState } from './checked-state.ts';
import type { PosternContext } from './context.ts';

/**
 * The state database for what goes on without it: undefined, with a warning, when it is not configured, cannot be
 * reached or has another schema.
 * @param without what there is none of then: `the verification is not on record`
 */
export async function optionalState(context: PosternContext, without: string): Promise<Pool | undefined> {
  try {
    return await checkedState(context);
  } catch (error) {
    context.progress.warn(`there is no state database to ask, so ${without}: ${messageOf(error)}`);
    return undefined;
  }
}
