import { createHash } from 'node:crypto';
import { integrityError } from '../../base/error.ts';
import { releaseMemory } from '../../base/release-memory.ts';
import { beginMessage, type MessageWriter } from '../../crypto/openpgp-container.ts';
import type { Recipient } from '../../crypto/openpgp-recipient.ts';
import type { SessionKey } from '../../crypto/openpgp-session-key.ts';
import { type CompressionLevel, compressFrame, decompressFrames } from '../format/zstd-frames.ts';

export interface SealOptions {
  readonly recipients: readonly Recipient[];
  /** zstd level. */
  readonly level: CompressionLevel;
  /** Open the message again before it is handed out. */
  readonly verify: boolean;
  /** AES-256, for this one file; a random one unless told. With it, there may be no recipient. */
  readonly sessionKey?: SessionKey;
  /** Encrypted bytes that are likely to come; memory is taken for them at once, instead of in steps that copy. */
  readonly expectedSize?: number;
}

/** An encrypted file, whole, and what its manifest entry says of it. */
export interface SealedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly size: number;
  readonly sha256: string;
  readonly plainSize: number;
  readonly plainSha256: string;
  /** What opens the file without a secret key: to be kept sealed, or wiped. */
  readonly sessionKey: SessionKey;
}

/** Less than this, in bytes, is gathered first: a frame for every line would be larger than the lines. */
const smallBlock = 2 ** 20;

/**
 * One file of a set as it grows: SQL text in, zstd frames inside one OpenPGP message out. Each block of text is a
 * zstd frame of its own (RFC 8878 §3: frames may follow each other), so that compression needs no state between
 * blocks and runs at the speed of one call.
 */
export interface PartWriter {
  write(block: Uint8Array): void;
  /** Encrypted bytes so far. */
  readonly size: number;
  /** @throws {PosternError} exit 5 when verification finds that the bytes do not open to what was written */
  finish(): Promise<SealedFile>;
}

export async function beginPart(options: SealOptions): Promise<PartWriter> {
  const { sessionKey } = options;
  const message = await beginMessage(options.recipients, sessionKey === undefined ? {} : { sessionKey });
  const plainHash = createHash('sha256');
  const framesHash = createHash('sha256');
  const cipherHash = createHash('sha256');
  const output = growingBytes(options.expectedSize ?? 2 ** 20);
  let pending: Buffer[] = [];
  let pendingSize = 0;
  let plainSize = 0;
  const take = (ready: readonly Uint8Array[]): void => {
    for (const chunk of ready) {
      cipherHash.update(chunk);
      output.add(chunk);
    }
  };
  const seal = (block: Uint8Array): void => {
    const frame = compressFrame(block, options.level);
    if (options.verify) {
      verifyFrame(frame, block);
      framesHash.update(frame);
    }
    take(message.write(frame));
    releaseMemory(frame);
  };
  const flush = (): void => {
    if (pendingSize === 0) return;
    seal(Buffer.concat(pending));
    pending = [];
    pendingSize = 0;
  };
  return {
    get size() {
      return output.size;
    },
    write: (block) => {
      plainHash.update(block);
      plainSize += block.byteLength;
      if (pendingSize + block.byteLength < smallBlock) {
        // The caller's memory is used again, so what waits is a copy.
        pending.push(Buffer.from(block));
        pendingSize += block.byteLength;
        return;
      }
      flush();
      seal(block);
    },
    finish: async () => {
      flush();
      take(message.finish());
      const bytes = output.take();
      if (options.verify) await verifyOpens(message, bytes, framesHash.digest('hex'));
      return {
        bytes,
        size: bytes.byteLength,
        sha256: cipherHash.digest('hex'),
        plainSize,
        plainSha256: plainHash.digest('hex'),
        sessionKey: message.sessionKey(),
      };
    },
  };
}

/** Seals a text that stands in memory whole. */
export async function sealWhole(text: Uint8Array, options: SealOptions): Promise<SealedFile> {
  const part = await beginPart(options);
  part.write(text);
  return part.finish();
}

/** Compression is checked block by block, so that no more than one block is ever in memory twice. */
function verifyFrame(frame: Uint8Array, block: Uint8Array): void {
  const [plain, ...others] = decompressFrames(frame);
  if (others.length > 0 || plain?.equals(block) !== true) throw notReproducible();
  releaseMemory(plain);
}

async function verifyOpens(message: MessageWriter, bytes: Uint8Array, framesSha256: string): Promise<void> {
  const opened = await message.opener()(bytes);
  const sha256 = createHash('sha256').update(opened).digest('hex');
  releaseMemory(opened);
  if (sha256 !== framesSha256) throw notReproducible();
}

function notReproducible(): Error {
  return integrityError('a part did not open to what was written, before it was sent', {
    code: 'part-not-reproducible',
    hints: ['nothing of it was stored; suspect the memory or the processor of this host'],
  });
}

/** Bytes that are added one after another, kept only once. */
function growingBytes(expectedSize: number) {
  let buffer = new ArrayBuffer(expectedSize);
  let used = 0;
  return {
    get size() {
      return used;
    },
    add: (chunk: Uint8Array) => {
      if (used + chunk.byteLength > buffer.byteLength) {
        buffer = buffer.transfer(Math.max(buffer.byteLength * 2, used + chunk.byteLength));
      }
      new Uint8Array(buffer).set(chunk, used);
      used += chunk.byteLength;
    },
    take: () => new Uint8Array(buffer.transfer(used)),
  };
}
