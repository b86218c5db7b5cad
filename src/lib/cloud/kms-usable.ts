import { PosternError } from '../base/error.ts';
import type { Kms } from './kms.ts';
import { type WaitOptions, waitUntil } from './wait-until.ts';

/** In a row: the servers of a service learn of a key one after the other. */
const successfulProbes = 3;

/** What a server says that has not heard of the change yet. */
const late = new Set(['kms-key-missing', 'kms-key-unusable']);

/**
 * Waits until a key that encrypts can be used, after it was made or enabled again: AWS can call it missing or disabled
 * for seconds, and for minutes at times ("AWS KMS eventual consistency", AWS KMS Developer Guide).
 * @param options five minutes unless told, a look every two seconds
 * @throws {PosternError} what the service said last, `kms-key-missing` or `kms-key-unusable`, after the time; any other
 * error at once; an `AbortError` from the signal
 */
export async function keyUsable(
  kms: Pick<Kms, 'currentMaterial'>,
  keyId: string,
  options: WaitOptions = {},
): Promise<void> {
  let last: unknown;
  const look = async (): Promise<object | undefined> => {
    try {
      for (let probe = 0; probe < successfulProbes; probe++) await kms.currentMaterial(keyId);
      return {};
    } catch (error) {
      if (!(error instanceof PosternError && late.has(error.code ?? ''))) throw error;
      last = error;
      return undefined;
    }
  };
  if ((await waitUntil(look, { timeoutMs: 300_000, everyMs: 2_000, ...options })) === undefined) throw last;
}
