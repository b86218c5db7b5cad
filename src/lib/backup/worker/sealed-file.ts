import type { BackupContext } from '../context.ts';
import type { SealedPart, WorkerSettings } from './jobs.ts';
import type { SealedFile } from './part-writer.ts';

/** What threads seal with in this run. */
export function sealSettings({
  recipients,
  options,
  clock,
}: BackupContext): NonNullable<WorkerSettings['seal']> {
  return {
    recipients: recipients.map(({ armored }) => armored),
    checkedAt: (recipients[0]?.checkedAt ?? clock.now()).toISOString(),
    level: options.level,
    partSize: options.partSize,
    verify: options.verifyBeforeUpload,
  };
}

/** A part as a thread has sent it, ready for the store. */
export function sealedFile({
  bytes,
  sha256,
  plainSize,
  plainSha256,
  sessionKey,
}: Pick<SealedPart, 'bytes' | 'sha256' | 'plainSize' | 'plainSha256' | 'sessionKey'>): SealedFile {
  return {
    bytes: new Uint8Array(bytes),
    size: bytes.byteLength,
    sha256,
    plainSize,
    plainSha256,
    sessionKey,
  };
}
