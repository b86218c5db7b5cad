import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { failure, integrityError, usageError } from '../../base/error.ts';

/**
 * How the file of keys is closed. The header is the file's first line, in clear; both methods authenticate it, so that
 * weaker parameters cannot be slipped in.
 */
export interface Seal {
  readonly header: string;
  close(plaintext: Uint8Array): Promise<string>;
  /** @throws {PosternError} exit 1, `kms-locked`: wrong passphrase or key, or the file was changed */
  open(body: string): Promise<Uint8Array>;
}

/** log₂ of scrypt's N: 2¹⁷ with r = 8 takes 128 MiB and about half a second (OWASP's first choice). */
export const defaultScryptLogN = 17;

interface PassphraseHeader {
  readonly method: 'passphrase';
  readonly kdf: 'scrypt';
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  /** Base64, 32 bytes. */
  readonly salt: string;
}

/** Parameters and salt for a new file. */
export function newPassphraseHeader(logN: number): PassphraseHeader {
  checkCost(logN, 8, 1);
  return { method: 'passphrase', kdf: 'scrypt', logN, r: 8, p: 1, salt: randomBytes(32).toString('base64') };
}

/**
 * Scrypt (RFC 7914) makes the key, AES-256-GCM closes: base64 of nonce (12) ‖ ciphertext ‖ tag (16), with the header
 * line as additional data. The key is derived once and kept while the store is open.
 */
export async function passphraseSeal(
  header: string,
  seal: unknown,
  passphrase: string,
  location: string,
): Promise<Seal> {
  const { logN, r, p, salt } = parsePassphraseHeader(seal, location);
  const key = await deriveKey(passphrase, Buffer.from(salt, 'base64'), 2 ** logN, r, p);
  return {
    header,
    async close(plaintext) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(header));
      const parts = [nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(parts).toString('base64');
    },
    async open(body) {
      const bytes = Buffer.from(body, 'base64');
      if (bytes.length < 28 || bytes.toString('base64') !== body.trimEnd())
        throw integrityError(`the keys in ${location} are damaged`, { code: 'kms-file-corrupt' });
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(
        Buffer.from(header),
      );
      decipher.setAuthTag(bytes.subarray(-16));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      } catch (error) {
        throw kmsLocked(location, 'the passphrase is wrong, or the file was changed', error);
      }
    },
  };
}

export function kmsLocked(location: string, why: string, cause?: unknown): Error {
  return failure(`${location} stays locked: ${why}`, {
    code: 'kms-locked',
    cause,
    hints: ['check where the passphrase or key comes from; if it is right, restore the file from a copy'],
  });
}

function parsePassphraseHeader(seal: unknown, location: string): PassphraseHeader {
  const header = seal as Partial<PassphraseHeader>;
  const { logN, r, p, salt } = header;
  if (
    header.kdf !== 'scrypt' ||
    typeof logN !== 'number' ||
    typeof r !== 'number' ||
    typeof p !== 'number' ||
    typeof salt !== 'string'
  ) {
    throw integrityError(`the header of ${location} cannot be read`, { code: 'kms-file-corrupt' });
  }
  checkCost(logN, r, p);
  return { method: 'passphrase', kdf: 'scrypt', logN, r, p, salt };
}

/** A header is read before it can be authenticated: it must not be able to ask for all the memory there is. */
function checkCost(logN: number, r: number, p: number): void {
  const sane =
    [logN, r, p].every(Number.isInteger) && logN >= 14 && logN <= 20 && r >= 8 && r <= 16 && p >= 1 && p <= 4;
  if (!sane)
    throw usageError(`scrypt parameters N=2^${logN}, r=${r}, p=${p} are not accepted`, {
      code: 'kms-kdf-cost',
    });
}

function deriveKey(passphrase: string, salt: Buffer, N: number, r: number, p: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // Unicode that looks the same must open the same file, whichever keyboard typed it.
  scrypt(passphrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
    if (error === null) resolve(key);
    else reject(error);
  });
  return promise;
}
