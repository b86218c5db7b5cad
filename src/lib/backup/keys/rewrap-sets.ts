import { PosternError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { RewrappedSet } from './results.ts';
import { type RewrapContext, type RewrapOptions, rewrapSet } from './rewrap.ts';

export interface RewrappedSets {
  readonly sets: readonly RewrappedSet[];
  /** Integrity before everything; else partial where anything is left for the next run. */
  readonly exitCode: ExitCode;
}

/**
 * Rewraps one set after the other. Of several, one that fails does not keep the others from their new keys.
 * @throws {PosternError} as `rewrapSet`, when there is one set only
 */
export async function rewrapSets(
  context: RewrapContext,
  setIds: readonly string[],
  options: RewrapOptions,
): Promise<RewrappedSets> {
  const sets: RewrappedSet[] = [];
  const codes = new Set<ExitCode>();
  for (const setId of setIds) {
    context.signal.throwIfAborted();
    try {
      const set = await rewrapSet(context, setId, options);
      sets.push(set);
      if (set.message !== null) codes.add(ExitCode.partial);
    } catch (error) {
      if (setIds.length === 1 || !(error instanceof PosternError)) throw error;
      const none = { recipients: [], files: 0, gone: 0, stored: [] };
      sets.push({ setId, outcome: 'failed', ...none, message: error.message });
      codes.add(error.exitCode);
    }
  }
  if (codes.has(ExitCode.integrity)) return { sets, exitCode: ExitCode.integrity };
  return { sets, exitCode: codes.size === 0 ? ExitCode.done : ExitCode.partial };
}
