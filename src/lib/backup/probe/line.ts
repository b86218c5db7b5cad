import { PosternError } from '../../base/error.ts';

/** What a probe looks at, in the order in which it does. */
export type ProbeAspect =
  | 'clock'
  | 'versions'
  | 'default retention'
  | 'unfinished uploads'
  | 'write'
  | 'read back'
  | 'lock'
  | 'create again'
  | 'overwrite'
  | 'hide'
  | 'read contents'
  | 'delete';

/** One thing that was tried, and what came of it. */
export interface ProbeLine {
  readonly aspect: ProbeAspect;
  /** `unknown`: it could not be tried, which is no pass. */
  readonly state: 'ok' | 'finding' | 'unknown';
  readonly message: string;
  /** What to do, one lowercase sentence; also beside `ok` where something could be better. */
  readonly hint: string | null;
}

export const line = (
  aspect: ProbeAspect,
  state: ProbeLine['state'],
  message: string,
  hint: string | null = null,
): ProbeLine => ({ aspect, state, message, hint });

/** Runs one attempt; what fails for another reason than a refusal leaves its aspect unknown, and stops no other. */
export async function attempt(aspect: ProbeAspect, work: () => Promise<ProbeLine>): Promise<ProbeLine> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return line(aspect, 'unknown', error.message, error.hints[0] ?? null);
  }
}

/** Runs what ought to be refused. @returns `refused` when the store did so for want of a right */
export async function orRefused<T>(work: () => Promise<T>): Promise<T | 'refused'> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PosternError && error.code === 'store-refused') return 'refused';
    throw error;
  }
}
