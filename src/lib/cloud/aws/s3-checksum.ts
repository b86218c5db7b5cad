import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';

/**
 * How a PUT proves its bytes to the store. Always a header, never a trailer, which older S3-compatible stores refuse.
 * `auto`: SHA-256 on AWS; elsewhere Content-MD5, which every S3-compatible store knows and Object Lock accepts.
 */
export type ChecksumMode = 'auto' | 'sha256' | 'crc32' | 'crc64nvme' | 'md5' | 'none';

/** Where our own SHA-256 stands when the store keeps another checksum or none. */
export const sha256Metadata = 'postern-sha256';

type ChecksumInput = Pick<
  PutObjectCommandInput,
  'ChecksumAlgorithm' | 'ChecksumSHA256' | 'ChecksumCRC32' | 'ContentMD5'
>;

/** The mode that `auto` stands for at this endpoint. */
export function resolveChecksum(
  mode: ChecksumMode,
  endpoint: string | undefined,
): Exclude<ChecksumMode, 'auto'> {
  if (mode !== 'auto') return mode;
  const host = endpoint === undefined ? 'amazonaws.com' : new URL(endpoint).hostname;
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(host) ? 'sha256' : 'md5';
}

/** @param sha256 of the body, lowercase hex */
export function checksumInput(
  mode: Exclude<ChecksumMode, 'auto'>,
  body: Uint8Array,
  sha256: string,
): ChecksumInput {
  switch (mode) {
    case 'sha256':
      return { ChecksumAlgorithm: 'SHA256', ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') };
    case 'crc32': {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc32(body));
      return { ChecksumAlgorithm: 'CRC32', ChecksumCRC32: bytes.toString('base64') };
    }
    case 'crc64nvme':
      // The SDK computes it; for a body in memory it goes into a header.
      return { ChecksumAlgorithm: 'CRC64NVME' };
    case 'md5':
      return { ContentMD5: createHash('md5').update(body).digest('base64') };
    default:
      return {};
  }
}

/** The SHA-256 that the store kept, lowercase hex: its own checksum, or the one we put into the metadata. */
export function storedSha256(
  checksum: string | undefined,
  metadata: Readonly<Record<string, string>> | undefined,
): string | undefined {
  // A multipart checksum (`…-3`) is a hash of hashes and says nothing of the bytes.
  if (checksum !== undefined && !checksum.includes('-'))
    return Buffer.from(checksum, 'base64').toString('hex');
  const own = metadata?.[sha256Metadata];
  return own !== undefined && /^[0-9a-f]{64}$/.test(own) ? own : undefined;
}
