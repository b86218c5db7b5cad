import { Worker } from 'node:worker_threads';
import type { World } from './generate/world.ts';
import type { LoadOptions } from './load.ts';

/**
 * Loads the table of messages, which is most of a sandbox, in a thread of its own.
 * @returns how many rows
 * @throws what the thread threw, and the signal's reason
 */
export function loadMessages(
  url: string,
  { seed, counts }: World,
  { onRows, signal }: Omit<LoadOptions, 'freeze'>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    // The compiler rewrites the endings of imports, not of URLs.
    const file = import.meta.url.endsWith('.ts') ? 'message-worker.ts' : 'message-worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      // The work needs some 30 MB; without a limit V8 lets garbage pile up to hundreds.
      resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16 },
      workerData: { url, seed, messages: counts.messages },
    });
    const stop = (): void => {
      void worker.terminate();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', stop, { once: true });
    let total = 0;
    worker.on('message', (rows: number) => {
      total += rows;
      onRows(rows);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      if (code === 0 && total === counts.messages) resolve(total);
      else reject(new Error(`the thread that loads messages ended with code ${code} after ${total} rows`));
    });
  });
}
