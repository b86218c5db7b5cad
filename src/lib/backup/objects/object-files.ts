import type { SetWriter } from '../capture/set-writer.ts';
import type { BackupContext } from '../context.ts';
import { openWorkerPool } from '../worker/pool.ts';
import { sealedFile, sealSettings } from '../worker/sealed-file.ts';

/** Seals plain parts in threads and stores them, several at a time. */
export interface ObjectFiles {
  /** Takes the buffer over; waits while as many parts as there are threads are on their way. */
  put(name: string, kind: 'objects' | 'objects-index', bytes: ArrayBuffer, size: number): Promise<void>;
  /** Waits for everything. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export async function openObjectFiles(context: BackupContext, writer: SetWriter): Promise<ObjectFiles> {
  const pool = await openWorkerPool(
    Math.max(1, context.options.workers),
    { seal: sealSettings(context) },
    context.signal,
  );
  const underway = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const check = (): void => {
    if (failed !== undefined) throw failed.error;
  };
  return {
    put: async (name, kind, bytes, size) => {
      check();
      const work = pool
        .run(
          'seal-bytes',
          { bytes, size },
          {
            transfer: [bytes],
            onPart: (part) => writer.put(sealedFile(part), { name, kind }),
          },
        )
        .then(
          () => {},
          (error: unknown) => {
            failed ??= { error };
          },
        )
        .finally(() => underway.delete(work));
      underway.add(work);
      if (underway.size >= pool.size) await Promise.race(underway);
      check();
    },
    finish: async () => {
      await Promise.all(underway);
      check();
    },
    close: () => pool.close(),
  };
}
