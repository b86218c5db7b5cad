import { setTimeout as sleep } from 'node:timers/promises';
import type { Kms } from './kms.ts';

export interface RateLimit {
  /** Calls a second on the average, above 0. The SDK's own repetitions do not count. */
  readonly perSecond: number;
  /** How many may go at once after a pause; what a tenth of a second allows, at least 1, unless told. */
  readonly burst?: number;
  readonly signal?: AbortSignal;
  /** Milliseconds of a clock that is never set back. */
  readonly now?: () => number;
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/**
 * The same service, used no faster than that, so that it stays usable for others: AWS shares one quota of a region among
 * all callers of an account. Only the methods of `Kms` wait; administration is rare. They throw the signal's reason when
 * it is aborted.
 */
export function throttledKms<Service extends Kms>(kms: Service, limit: RateLimit): Service {
  const turn = tokenBucket(limit);
  const inTurn =
    <Input extends readonly unknown[], Output>(call: (...input: Input) => Promise<Output>) =>
    async (...input: Input): Promise<Output> => {
      await turn();
      return call(...input);
    };
  const throttled: Omit<Kms, 'location'> = {
    describeKey: inTurn((keyId) => kms.describeKey(keyId)),
    async *listKeys() {
      // One call a key, to describe it.
      for await (const key of kms.listKeys()) {
        await turn();
        yield key;
      }
    },
    generateDataKey: inTurn((keyId, context) => kms.generateDataKey(keyId, context)),
    encrypt: inTurn((keyId, plaintext, context) => kms.encrypt(keyId, plaintext, context)),
    decrypt: inTurn((keyId, ciphertext, context) => kms.decrypt(keyId, ciphertext, context)),
    reEncrypt: inTurn((request) => kms.reEncrypt(request)),
    currentMaterial: inTurn((keyId) => kms.currentMaterial(keyId)),
    sign: inTurn((keyId, digest) => kms.sign(keyId, digest)),
    publicKey: inTurn((keyId) => kms.publicKey(keyId)),
  };
  return { ...kms, ...throttled };
}

/** Gives out turns in the order in which they are asked for (a token bucket, as the generic cell rate algorithm). */
function tokenBucket({
  perSecond,
  burst = Math.max(1, Math.floor(perSecond / 10)),
  signal,
  now = () => performance.now(),
  pause = (milliseconds) => sleep(milliseconds, undefined, signal === undefined ? {} : { signal }),
}: RateLimit): () => Promise<void> {
  const interval = 1000 / perSecond;
  // When the bucket will be full again.
  let full = now();
  return async () => {
    signal?.throwIfAborted();
    const start = now();
    full = Math.max(full, start) + interval;
    const delay = full - burst * interval - start;
    if (delay > 0) await pause(delay);
  };
}
