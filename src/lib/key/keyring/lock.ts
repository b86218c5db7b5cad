import { withJobLock } from '../../state/job-lock.ts';
import type { KeyContext } from '../context.ts';

/**
 * Runs `work` while no other plan works on this keyring: two rotations at once would chase each other's keys.
 * @throws {PosternError} exit 11, `job-locked`
 */
export async function withKeyringLock<T>(
  context: KeyContext,
  keyring: string,
  work: () => Promise<T>,
): Promise<T> {
  return withJobLock(await context.state(), `key ${context.profile} ${keyring}`, work);
}
