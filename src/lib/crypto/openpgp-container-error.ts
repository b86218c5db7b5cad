import { failure, integrityError, type PosternError } from '../base/error.ts';

/** Exit 5, code `'container-corrupt'`: these bytes are not an OpenPGP message, or not the one that was made. */
export function containerCorrupt(why: string, cause?: unknown): PosternError {
  return integrityError(`the encrypted file is corrupt: ${why}`, { code: 'container-corrupt', cause });
}

/** Exit 1, code `'unsupported-container'`: it may be sound, but postern cannot open this kind. */
export function unsupportedContainer(what: string): PosternError {
  return failure(`the encrypted file ${what}, which postern cannot open`, {
    code: 'unsupported-container',
    hints: ['open it with a current gpg and encrypt the content again for AES-256 with MDC'],
  });
}
