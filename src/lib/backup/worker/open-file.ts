import { openMessageWithSessionKey } from '../../crypto/openpgp-container.ts';
import { type SessionKey, wipeSessionKey } from '../../crypto/openpgp-session-key.ts';
import { decompressFrames } from '../format/zstd-frames.ts';

/** A file on its way into a worker. */
interface SealedInput {
  readonly bytes: ArrayBuffer;
  /** It is wiped. */
  readonly sessionKey: SessionKey;
}

/** Opens the message whole: nothing unauthenticated goes on. Unpacked, it is larger, and comes block by block. */
export async function openFile({ bytes, sessionKey }: SealedInput): Promise<Iterable<Buffer>> {
  const frames = await openMessageWithSessionKey(new Uint8Array(bytes), sessionKey);
  wipeSessionKey(sessionKey);
  return decompressFrames(frames);
}
