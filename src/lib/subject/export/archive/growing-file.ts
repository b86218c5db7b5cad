import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib';
import { sha256Hex } from '../../../crypto/sha256.ts';
import type { ZipEntry } from '../zip/headers.ts';
import { oneBehind } from './one-behind.ts';
import { openSpool, type Spool } from './spool.ts';

const deflate = promisify(deflateRaw);

/** Bytes that are packed at once. */
const blockSize = 1 << 18;

const smallContent = 1 << 15;

/** An empty last block: what `Z_SYNC_FLUSH` leaves open ends here (RFC 1951 §3.2.6). */
const lastBlock = Uint8Array.of(3, 0);

/** A file of the archive that is written while other files of it are. */
export interface GrowingFile {
  /** Bytes so far. */
  readonly size: number;
  write(chunk: Uint8Array | string): Promise<void>;
  close(): Promise<void>;
  /** Gives it up: it does not come into the archive. Nothing happens to a file that is closed. */
  discard(): Promise<void>;
}

/** A file that is whole, with its packed content. */
export interface ClosedFile {
  readonly entry: ZipEntry;
  /** Of the content, lowercase hex. */
  readonly sha256: string;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array;
}

/**
 * Packs what is written and keeps it until the file is closed, when all that stands in front of an entry of a zip is
 * known.
 * @param onClose takes the file; its body is gone afterwards
 */
export function growingFile(
  name: string,
  folder: string,
  onClose: (file: ClosedFile) => Promise<void>,
): GrowingFile {
  const hash = createHash('sha256');
  let size = 0;
  let sum = 0;
  let held: Uint8Array[] = [];
  let heldSize = 0;
  let spool: Spool | undefined;
  const packing = oneBehind();

  async function flush(): Promise<void> {
    if (heldSize === 0) return;
    const block = Buffer.concat(held);
    held = [];
    heldSize = 0;
    hash.update(block);
    sum = crc32(block, sum);
    const open = (spool ??= await openSpool(folder));
    await packing.begin(async () =>
      open.write(await deflate(block, { level: 1, finishFlush: constants.Z_SYNC_FLUSH })),
    );
  }

  return {
    get size() {
      return size;
    },
    async write(chunk) {
      // What was given may be reused by its owner.
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Uint8Array.from(chunk);
      held.push(bytes);
      heldSize += bytes.byteLength;
      size += bytes.byteLength;
      if (heldSize >= blockSize) await flush();
    },
    async close() {
      if (spool === undefined) return await onClose(await packed(name, Buffer.concat(held)));
      const open = spool;
      try {
        await flush();
        await packing.end();
        await open.write(lastBlock);
        const entry = { name, size, crc32: sum, compressedSize: open.size, method: 'deflated' } as const;
        await onClose({ entry, sha256: hash.digest('hex'), body: open.read() });
      } finally {
        spool = undefined;
        await open.close();
      }
    },
    async discard() {
      const open = spool;
      spool = undefined;
      await packing.end().catch(() => {});
      await open?.close();
    },
  };
}

/** A file whose content is there as a whole. */
export async function packed(name: string, content: Uint8Array): Promise<ClosedFile> {
  // A thread is worth its while only for more than a message of text.
  const isSmall = content.byteLength <= smallContent;
  // Room for all of what comes out, so that it is allocated once.
  const options = { level: 1, chunkSize: Math.max(64, content.byteLength + 64) };
  const body = isSmall ? deflateRawSync(content, options) : await deflate(content, options);
  const isSmaller = body.byteLength < content.byteLength;
  return {
    entry: {
      name,
      size: content.byteLength,
      crc32: crc32(content),
      compressedSize: isSmaller ? body.byteLength : content.byteLength,
      method: isSmaller ? 'deflated' : 'stored',
    },
    sha256: sha256Hex(content),
    body: isSmaller ? body : content,
  };
}
