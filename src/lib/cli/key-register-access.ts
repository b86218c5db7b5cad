import { readAccess } from '../backup/keys/set-access.ts';
import { listSets } from '../backup/list.ts';
import { messageOf, PosternError } from '../base/error.ts';
import type { OpenableSet } from '../key/register/context.ts';
import { setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';

/** Which keys open which sets, each asked of the first destination that has it. */
export async function openableSets(
  context: PosternContext,
  setIds: readonly string[],
): Promise<readonly OpenableSet[]> {
  const found = new Map<string, OpenableSet>();
  let reason = 'no destination has it';
  for (const destination of Object.keys(context.settings('backup').destinations)) {
    const wanted = setIds.filter((setId) => found.get(setId)?.problem !== null);
    if (wanted.length === 0) break;
    try {
      const sets = await setStore(context, destination);
      const there = new Set((await listSets(sets)).map(({ setId }) => setId));
      const access = await readAccess(
        sets,
        wanted.filter((setId) => there.has(setId)),
        context.signal,
      );
      for (const { setId, recipients, rewraps, problem } of access)
        found.set(setId, { setId, keyIds: new Set([...recipients, ...rewraps]), problem });
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      reason = messageOf(error);
    }
  }
  return setIds.map((setId) => found.get(setId) ?? { setId, keyIds: new Set<string>(), problem: reason });
}
