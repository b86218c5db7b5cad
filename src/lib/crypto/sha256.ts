import { hash } from 'node:crypto';

/** SHA-256 (FIPS 180-4) as 64 lowercase hexadecimal digits; a string is hashed as UTF-8. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}
