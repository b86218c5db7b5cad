import { usageError } from '../../base/error.ts';
import { hashKeyLength } from '../../crypto/keyed-hash.ts';

/**
 * A key as a secret store holds it: 64 hexadecimal digits or more, or base64 with or without padding.
 * @param name where it is configured, for messages
 * @throws {PosternError} exit 2: `subject-key-invalid`, `subject-key-short`
 */
export function parseKey(secret: string, name: string): Buffer {
  const key = bytesOf(secret.trim());
  if (key === undefined) {
    throw usageError(`${name} is neither hexadecimal digits nor base64`, {
      code: 'subject-key-invalid',
      hints: ['`openssl rand -hex 32` makes a key'],
    });
  }
  if (key.length >= hashKeyLength) return key;
  throw usageError(`${name} has ${key.length} bytes, and needs ${hashKeyLength} at least`, {
    code: 'subject-key-short',
    hints: ['`openssl rand -hex 32` makes a key'],
  });
}

/** Hexadecimal first: 64 of its digits are base64 as well. */
function bytesOf(text: string): Buffer | undefined {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  const unpadded = text.replace(/=+$/, '');
  return bytes.toString('base64').replace(/=+$/, '') === unpadded ? bytes : undefined;
}

/** @throws {PosternError} exit 2, `subject-key-duplicate` */
export function requireDistinct(keys: readonly Buffer[], name: string): void {
  const twice = keys.findIndex((key, index) => keys.slice(0, index).some((other) => other.equals(key)));
  if (twice < 0) return;
  throw usageError(`${name}[${twice}] is the same key as one before it`, {
    code: 'subject-key-duplicate',
    hints: ['a key that is replaced stays in the list, behind the new one'],
  });
}
