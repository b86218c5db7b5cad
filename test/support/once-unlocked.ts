/**
 * Does `work` as soon as the server has noticed that a run which was killed, or lost its connection, is gone: until
 * then its session holds the job's lock.
 */
export async function onceUnlocked<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'job-locked')) throw error;
    }
  }
}
