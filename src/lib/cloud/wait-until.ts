import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../base/clock.ts';

export interface WaitOptions {
  readonly timeoutMs?: number;
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Looks again and again, at least once, for what a service does in its own time.
 * @param look gives the result, or undefined when it is not there yet; its errors end the waiting
 * @returns undefined when the time is over
 * @throws an `AbortError` from the signal
 */
export async function waitUntil<Result extends object>(
  look: () => Promise<Result | undefined>,
  { timeoutMs, everyMs, signal, clock = systemClock }: WaitOptions & WaitTimes,
): Promise<Result | undefined> {
  const deadline = clock.now().getTime() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const result = await look();
    if (result !== undefined || clock.now().getTime() >= deadline) return result;
    await sleep(everyMs, undefined, signal === undefined ? {} : { signal });
  }
}

interface WaitTimes {
  readonly timeoutMs: number;
  readonly everyMs: number;
}
