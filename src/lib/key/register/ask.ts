import { messageOf, PosternError } from '../../base/error.ts';
import { sqlState } from '../../base/postgres.ts';
import type { Unasked } from './results.ts';

/** Collects what could not be asked, so that the other sources are still told. */
export interface Asking {
  /** What `work` gives; undefined where its source cannot be asked, which is noted. A bug is thrown. */
  readonly ask: <T>(source: string, work: () => Promise<T>) => Promise<T | undefined>;
  readonly unasked: Unasked[];
}

export function asking(signal: AbortSignal): Asking {
  const unasked: Unasked[] = [];
  return {
    unasked,
    ask: async (source, work) => {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof PosternError) && sqlState(error) === undefined) throw error;
        unasked.push({ source, reason: messageOf(error) });
        return undefined;
      }
    },
  };
}
