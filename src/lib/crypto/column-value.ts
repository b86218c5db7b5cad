import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type Decipheriv,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { additionalData, type ColumnPlace } from './column-place.ts';
import { type ColumnValueProblem, columnKeyInvalid, columnValueError } from './column-value-error.ts';

/** The data key that a value is encrypted with. */
export interface ColumnKey {
  /** The UUID of its row in the keyring. */
  readonly id: string;
  /** 32 bytes. */
  readonly dataKey: Uint8Array;
}

/** What an encrypted value says of itself. The bytes are views into the value. */
export interface ColumnValue {
  readonly suite: number;
  /** The UUID of the data key's row in the keyring, as PostgreSQL writes it. */
  readonly keyId: string;
  /** 32 bytes. */
  readonly salt: Buffer;
  /** 32 bytes: which data key it was, whoever asks. */
  readonly commitment: Buffer;
  /** As long as the plaintext. */
  readonly ciphertext: Buffer;
  /** 16 bytes. */
  readonly tag: Buffer;
}

/** The first four bytes of every encrypted column value. */
export const columnMagic = Buffer.from('PSTN');

/** How many bytes longer an encrypted value is than its plaintext. */
export const columnValueOverhead = 102;

/** The most values that one data key may encrypt; each is encrypted by a key of its own, so that this is caution. */
export const columnValuesPerKey = 2 ** 32;

const version = 1;
const suite = 1;

/** Where each part begins. */
const at = { version: 4, suite: 5, keyId: 6, salt: 22, commitment: 54, ciphertext: 86 } as const;
const saltSize = at.commitment - at.salt;
const tagSize = 16;
const dataKeySize = 32;

/** What is given to the cipher at a time, so that a large value is not in memory once more. */
const chunkSize = 2 ** 20;

/**
 * Encrypts a column value in version 1, suite 1 (docs/formats/column-value.md): AES-256-GCM (NIST SP 800-38D) under
 * a key that HKDF-SHA-512 (RFC 5869) derives from the data key and a salt of its own.
 *
 * Throws `usageError`, code `'column-key-invalid'`, for a key of another size or with an id that is no UUID.
 */
export function sealColumnValue(plaintext: Uint8Array, key: ColumnKey, place: ColumnPlace): Buffer {
  return sealColumnValueWithSalt(plaintext, { ...key, salt: freshSalt() }, place);
}

let salts = Buffer.alloc(0);

/** Each is handed out once. Asking the system for one at a time takes longer than to encrypt. */
function freshSalt(): Buffer {
  if (salts.length < saltSize) salts = randomBytes(256 * saltSize);
  const salt = salts.subarray(0, saltSize);
  salts = salts.subarray(saltSize);
  return salt;
}

/**
 * The same with a given salt of 32 bytes: for invented data and test vectors only, since two values never share one.
 * Throws `RangeError` for a salt of another size.
 */
export function sealColumnValueWithSalt(
  plaintext: Uint8Array,
  { id, dataKey, salt }: ColumnKey & { readonly salt: Uint8Array },
  place: ColumnPlace,
): Buffer {
  if (salt.length !== saltSize) throw new RangeError(`a salt has ${saltSize} bytes, not ${salt.length}`);
  // Every byte of it is written below.
  const value = Buffer.allocUnsafe(columnValueOverhead + plaintext.length);
  value.set(columnMagic);
  value[at.version] = version;
  value[at.suite] = suite;
  writeUuid(value, id);
  value.set(salt, at.salt);
  const { cipherKey, nonce, commitment } = derive(value, dataKey);
  value.set(commitment, at.commitment);
  const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce);
  cipher.setAAD(additionalData(value.subarray(0, at.commitment), place));
  transform(cipher, plaintext, value.subarray(at.ciphertext));
  value.set(cipher.getAuthTag(), value.length - tagSize);
  return value;
}

/** Takes a value apart without any key. Whatever the bytes are, it says what is wrong with them and does not throw. */
export function readColumnValue(bytes: Uint8Array): ColumnValue | ColumnValueProblem {
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!value.subarray(0, columnMagic.length).equals(columnMagic)) return 'column-value-plain';
  // A later version may be shorter: how long it is does not matter before it is known.
  if (value.length < at.keyId) return 'column-value-truncated';
  if (value[at.version] !== version || value[at.suite] !== suite) return 'column-value-version';
  if (value.length < columnValueOverhead) return 'column-value-truncated';
  return {
    suite,
    keyId: uuidText(value.toString('hex', at.keyId, at.salt)),
    salt: value.subarray(at.salt, at.commitment),
    commitment: value.subarray(at.commitment, at.ciphertext),
    ciphertext: value.subarray(at.ciphertext, -tagSize),
    tag: value.subarray(-tagSize),
  };
}

/**
 * Decrypts a column value. Nothing is decrypted with a data key that is not the value's own, and nothing is returned
 * before all of it is authenticated.
 *
 * Throws `integrityError` with a `ColumnValueErrorCode`: `'column-value-plain'`, `'column-value-truncated'`,
 * `'column-value-version'`, `'column-value-key'` for another data key, `'column-value-moved'` for another place or
 * changed bytes; `usageError`, code `'column-key-invalid'`, for a data key of another size.
 */
export function openColumnValue(bytes: Uint8Array, dataKey: Uint8Array, place: ColumnPlace): Buffer {
  const value = readColumnValue(bytes);
  if (typeof value === 'string') throw columnValueError(value);
  const { cipherKey, nonce, commitment } = derive(bytes, dataKey);
  // GCM commits to no key: one ciphertext can be made that opens under two, to two plaintexts.
  if (!timingSafeEqual(commitment, value.commitment)) throw columnValueError('column-value-key');
  const decipher = createDecipheriv('aes-256-gcm', cipherKey, nonce, { authTagLength: tagSize });
  decipher.setAAD(additionalData(bytes.subarray(0, at.commitment), place));
  decipher.setAuthTag(value.tag);
  const plaintext = Buffer.alloc(value.ciphertext.length);
  try {
    transform(decipher, value.ciphertext, plaintext);
  } catch {
    plaintext.fill(0);
    // Without its cause, which says less than the code does.
    throw columnValueError('column-value-moved');
  }
  return plaintext;
}

interface Derived {
  readonly cipherKey: KeyObject;
  readonly nonce: Buffer;
  readonly commitment: Buffer;
}

/** Salt and info are the value's own bytes: info is version, suite and key id. */
function derive(value: Uint8Array, dataKey: Uint8Array): Derived {
  if (dataKey.length !== dataKeySize)
    throw columnKeyInvalid(`it has ${dataKey.length} bytes, not ${dataKeySize}`);
  const info = value.subarray(at.version, at.salt);
  const salt = value.subarray(at.salt, at.commitment);
  // Node takes a KeyObject two to three times as fast as the same bytes, here and in the cipher.
  const derived = Buffer.from(hkdfSync('sha512', createSecretKey(dataKey), salt, info, 76));
  const cipherKey = createSecretKey(derived.subarray(0, 32));
  derived.fill(0, 0, 32);
  return {
    cipherKey,
    nonce: derived.subarray(32, 44),
    commitment: derived.subarray(44),
  };
}

function transform(cipher: Cipheriv | Decipheriv, input: Uint8Array, output: Uint8Array): void {
  for (let start = 0; start < input.length; start += chunkSize) {
    const chunk = cipher.update(input.subarray(start, start + chunkSize));
    output.set(chunk, start);
    // So that the caller, who can wipe the plaintext, has the only copy.
    chunk.fill(0);
  }
  cipher.final();
}

function writeUuid(value: Buffer, id: string): void {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw columnKeyInvalid('its id is no UUID');
  value.write(id.replaceAll('-', ''), at.keyId, 'hex');
}

function uuidText(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
