import type { RetainedSet } from '../key/register/context.ts';
import { checkedState } from './checked-state.ts';
import type { PosternContext } from './context.ts';

/**
 * The backup sets that are kept somewhere, as the register has them: locked until the last of what they hold is free,
 * mail objects too, which later sets build upon. Errors as `checkedState`.
 */
export async function retainedSets(context: PosternContext): Promise<readonly RetainedSet[]> {
  const { copyFacts } = await import('../backup/status/facts.ts');
  const copies = await copyFacts(await checkedState(context), context.profile);
  const kept = copies.filter(({ copyState }) => copyState === 'complete');
  return [...Map.groupBy(kept, ({ setId }) => setId)].map(([setId, some]) => ({
    setId,
    startedAt: some[0]?.startedAt ?? '',
    lockedUntil:
      some
        .flatMap(({ lockUntil, objectsLockUntil }) => [lockUntil, objectsLockUntil])
        .filter((lock) => lock !== null)
        .toSorted()
        .at(-1) ?? null,
  }));
}
