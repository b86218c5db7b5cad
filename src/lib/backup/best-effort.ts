import { messageOf } from '../base/error.ts';
import type { Progress } from '../base/progress.ts';

/**
 * Asks the state database where that is good to have, and not needed: what goes wrong is a warning.
 * @param without what there is none of then, for the warning: `this verification cannot be resumed`
 * @returns undefined when it could not be asked
 */
export async function bestEffort<T>(
  progress: Progress,
  without: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    progress.warn(`the state database cannot be used, so ${without}: ${messageOf(error)}`);
    return undefined;
  }
}
