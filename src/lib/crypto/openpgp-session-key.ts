import { usageError } from '../base/error.ts';

/** What opens one message without any secret key: as secret as the message's content. */
export interface SessionKey {
  /** OpenPGP's number of the cipher (RFC 9580 §9.3): 7, 8 and 9 are AES with 128, 192 and 256 bits. */
  readonly algorithm: number;
  /** 16, 24 or 32 bytes, as the cipher takes. */
  readonly bytes: Uint8Array;
}

export const aes256 = 9;

/** Bytes of the key, by OpenPGP's number of the cipher. */
export const aesKeySize: ReadonlyMap<number, number> = new Map([
  [7, 16],
  [8, 24],
  [aes256, 32],
]);

const textForm = /^(\d{1,3}):((?:[0-9A-Fa-f]{2})+)$/;

/**
 * `9:` and 64 uppercase hexadecimal digits: what `gpg --show-session-key` prints and `--override-session-key` takes.
 * It can be neither wiped from memory nor recognised as a secret by who logs it: keep it short-lived.
 */
export function formatSessionKey(sessionKey: SessionKey): string {
  checkSessionKey(sessionKey);
  return `${sessionKey.algorithm}:${Buffer.from(sessionKey.bytes).toString('hex').toUpperCase()}`;
}

/** Reads what `formatSessionKey` writes, in either case. Throws as `checkSessionKey` does, and never quotes the text. */
export function parseSessionKey(text: string): SessionKey {
  const [, algorithm = '', hex = ''] = textForm.exec(text) ?? [];
  if (algorithm === '') throw invalid('is not in the form 9:HEX');
  const sessionKey = { algorithm: Number(algorithm), bytes: Buffer.from(hex, 'hex') };
  checkSessionKey(sessionKey);
  return sessionKey;
}

/**
 * Zeros are no key but the rest of one that was wiped, and whatever it encrypted would be open to everybody.
 *
 * Throws `usageError`, code `'session-key-invalid'`: not AES, not of the cipher's length, or all zeros.
 */
export function checkSessionKey({ algorithm, bytes }: SessionKey): void {
  const size = aesKeySize.get(algorithm);
  if (size === undefined) throw invalid(`is for cipher ${algorithm}, which is not AES`);
  if (bytes.byteLength !== size)
    throw invalid(`has ${bytes.byteLength} bytes, and cipher ${algorithm} takes ${size}`);
  if (bytes.every((octet) => octet === 0)) throw invalid('is all zeros');
}

/** Overwrites the key's bytes. Copies that the cipher or the garbage collector made are out of reach. */
export function wipeSessionKey({ bytes }: SessionKey): void {
  bytes.fill(0);
}

function invalid(why: string): Error {
  return usageError(`the session key ${why}`, {
    code: 'session-key-invalid',
    hints: ['give it as gpg --show-session-key prints it: 9, a colon and 64 hexadecimal digits for AES-256'],
  });
}
