import type { ManifestFile } from '../format/manifest.ts';
import type { FileOpener } from '../keys/file-opener.ts';
import type { Jobs } from '../worker/jobs.ts';
import { openWorkerPool } from '../worker/pool.ts';
import type { VerifyJob } from './job.ts';

/** Threads that open files and say what is in them. */
export interface SealedReader {
  /** Takes the bytes over. @throws {PosternError} exit 5 when they cannot be opened or unpacked */
  inspect(entry: ManifestFile, opener: FileOpener, bytes: Uint8Array): Promise<Jobs['inspect']['output']>;
  close(): Promise<void>;
}

/** Each thread gets the session key of each file, and no other. */
export async function openReader({ options }: VerifyJob): Promise<SealedReader> {
  const pool = await openWorkerPool(options.workers, {}, options.signal);
  return {
    inspect: async ({ name, headerBytes, trailerBytes }, opener, bytes) => {
      const sessionKey = await opener.sessionKey(name, bytes);
      const owned = ownBuffer(bytes);
      return pool.run(
        'inspect',
        {
          bytes: owned,
          ...(headerBytes === undefined ? {} : { headerBytes }),
          ...(trailerBytes === undefined ? {} : { trailerBytes }),
          sessionKey,
        },
        { transfer: [owned] },
      );
    },
    close: () => pool.close(),
  };
}

/** Memory that can be given to another thread. */
function ownBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? buffer
    : new Uint8Array(buffer, byteOffset, byteLength).slice().buffer;
}
