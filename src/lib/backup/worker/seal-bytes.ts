import { releaseMemory } from '../../base/release-memory.ts';
import type { Jobs } from './jobs.ts';
import { beginPart } from './part-writer.ts';
import type { WorkerSession } from './session.ts';
import type { JobChannel } from './worker.ts';

/** Compressed at once, in bytes: opening it again needs no more memory than that. */
const blockSize = 4 * 2 ** 20;

/** Seals bytes as they are, and ends when the main thread has stored them. */
export async function sealBytes(
  { seal, recipients }: WorkerSession,
  { bytes, size }: Jobs['seal-bytes']['input'],
  channel: JobChannel,
): Promise<Jobs['seal-bytes']['output']> {
  if (seal === undefined) throw new Error('this worker seals nothing');
  const plain = new Uint8Array(bytes, 0, size);
  const part = await beginPart({
    recipients,
    level: seal.level,
    verify: seal.verify,
    expectedSize: size + 2 ** 16,
  });
  for (let start = 0; start < size; start += blockSize) part.write(plain.subarray(start, start + blockSize));
  releaseMemory(plain);
  const sealed = await part.finish();
  await channel.sendPart({
    part: 1,
    bytes: sealed.bytes.buffer,
    sha256: sealed.sha256,
    plainSize: sealed.plainSize,
    plainSha256: sealed.plainSha256,
    sessionKey: sealed.sessionKey,
    headerBytes: 0,
    trailerBytes: 0,
    rows: 0,
  });
  return { plainSize: sealed.plainSize };
}
