import { setTimeout as wait } from 'node:timers/promises';

/** Waits until so many rows may be worked on. @throws the signal's reason when it is aborted */
export type Throttle = (rows: number, signal: AbortSignal) => Promise<void>;

/** As fast as it goes. */
export const unthrottled: Throttle = (_, signal) => {
  signal.throwIfAborted();
  return Promise.resolve();
};

/** Through one after the other. */
export const inTurn =
  (...throttles: readonly Throttle[]): Throttle =>
  async (rows, signal) => {
    for (const throttle of throttles) await throttle(rows, signal);
  };

/** At most so many rows a second on the average, all workers together. */
export function rowsPerSecond(limit: number, now: () => number = () => performance.now()): Throttle {
  let free = now();
  return async (rows, signal) => {
    signal.throwIfAborted();
    const start = Math.max(free, now());
    free = start + (rows * 1000) / limit;
    const delay = start - now();
    if (delay > 0) await wait(delay, undefined, { signal });
  };
}
