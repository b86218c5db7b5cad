import { type DataMap, mapModel } from '../../platform/map/index.ts';
import { type HoldMatcher, holdMatcher, readHolds } from '../hold/index.ts';
import { identitiesOf } from '../identity/identities.ts';
import type { EraseContext } from './context.ts';

/** The holds that are in force; undefined where there is none. */
export async function currentHolds(
  context: Pick<EraseContext, 'state' | 'profile' | 'hasher'>,
  map: DataMap,
): Promise<HoldMatcher | undefined> {
  const holds = await readHolds(await context.state(), context.profile);
  if (holds.length === 0) return undefined;
  return holdMatcher(holds, await context.hasher(), identitiesOf(mapModel(map)));
}
