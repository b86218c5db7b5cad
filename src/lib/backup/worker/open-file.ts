import { openMessage, openMessageWithSessionKey } from '../../crypto/openpgp-container.ts';
import { type SessionKey, wipeSessionKey } from '../../crypto/openpgp-session-key.ts';
import { decompressFrames } from '../format/zstd-frames.ts';
import type { WorkerSession } from './session.ts';

/** A file on its way into a worker. */
interface SealedInput {
  readonly bytes: ArrayBuffer;
  /** What opens it; without it, the worker's secret keys do. It is wiped. */
  readonly sessionKey?: SessionKey;
}

/** Opens the message whole: nothing unauthenticated goes on. Unpacked, it is larger, and comes block by block. */
export async function openFile(
  session: WorkerSession,
  { bytes, sessionKey }: SealedInput,
): Promise<Iterable<Buffer>> {
  const message = new Uint8Array(bytes);
  if (sessionKey === undefined) return decompressFrames(await openMessage(message, session.secretKeys));
  const frames = await openMessageWithSessionKey(message, sessionKey);
  wipeSessionKey(sessionKey);
  return decompressFrames(frames);
}
