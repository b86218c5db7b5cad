import { openMessage } from '../../crypto/openpgp-container.ts';
import { decompressFrames } from '../format/zstd-frames.ts';
import type { WorkerSession } from './session.ts';

/** Opens the message whole: nothing unauthenticated goes on. Unpacked, it is larger, and comes block by block. */
export async function openFile(session: WorkerSession, bytes: ArrayBuffer): Promise<Iterable<Buffer>> {
  return decompressFrames(await openMessage(new Uint8Array(bytes), session.secretKeys));
}
