import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that are gathered before they are written. */
const blockSize = 1 << 18;

/** Bytes that wait on disk for their turn. Nobody else can read them: their key is in the memory of this process alone. */
export interface Spool {
  readonly size: number;
  write(bytes: Uint8Array): Promise<void>;
  /** All that was written, from the beginning; nothing may be written afterwards. */
  read(): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

/**
 * A file that has no name: it is gone with the process, however that ends. Its bytes are encrypted under a key of their
 * own, since personal data are to lie nowhere in clear, not even in sectors of a disk that were freed.
 * @throws {NodeJS.ErrnoException} ENOSPC, EACCES…
 */
export async function openSpool(folder: string): Promise<Spool> {
  const path = join(folder, `.tmp-${randomBytes(8).toString('hex')}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
  } catch (error) {
    await handle.close();
    throw error;
  }
  const key = randomBytes(32);
  // A key for one file, which is written once: the counter may begin with zeros.
  const zeros = new Uint8Array(16);
  const cipher = createCipheriv('aes-256-ctr', key, zeros);
  let size = 0;
  let held: Uint8Array[] = [];
  let heldSize = 0;

  async function flush(): Promise<void> {
    if (heldSize === 0) return;
    const block = cipher.update(Buffer.concat(held));
    held = [];
    heldSize = 0;
    for (let done = 0; done < block.byteLength; ) {
      const { bytesWritten } = await handle.write(block, done);
      done += bytesWritten;
    }
  }

  return {
    get size() {
      return size;
    },
    async write(bytes) {
      held.push(Uint8Array.from(bytes));
      heldSize += bytes.byteLength;
      size += bytes.byteLength;
      if (heldSize >= blockSize) await flush();
    },
    async *read() {
      await flush();
      const decipher = createDecipheriv('aes-256-ctr', key, zeros);
      for (let position = 0; position < size; ) {
        const block = Buffer.allocUnsafe(Math.min(blockSize, size - position));
        const { bytesRead } = await handle.read(block, 0, block.byteLength, position);
        if (bytesRead === 0) throw new Error('a temporary file is shorter than what was written to it');
        position += bytesRead;
        yield decipher.update(block.subarray(0, bytesRead));
      }
    },
    async close() {
      key.fill(0);
      await handle.close();
    },
  };
}
