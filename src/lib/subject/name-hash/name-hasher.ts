import { createHash, hkdfSync } from 'node:crypto';
import { keyedHash } from '../../crypto/keyed-hash.ts';
import { canonicalValue } from './canonical-value.ts';
import { parseKey, requireDistinct } from './key.ts';

/** What a hash is for; none of one purpose can be compared with one of another. */
export type HashPurpose = 'ledger' | 'suppression' | 'hold-person' | 'hold-row';

/**
 * Keyed hashes of what persons are called, by which a person is known again without being named. Who has the hashes
 * and not the key learns nothing and can try no names: docs/formats/name-hash.md.
 */
export interface NameHasher {
  /**
   * `<key id>:<64 hexadecimal digits>`, under the current key.
   * @param kind of identity: `email`, `phone`, or `subject.identity`; of `hold-row`, the table
   * @param value as anybody writes it; of `hold-row`, `rowName` of the key
   */
  hash(purpose: HashPurpose, kind: string, value: string): string;
  /** Under each configured key, to look one up that may be older. */
  all(purpose: HashPurpose, kind: string, value: string): readonly string[];
  /** Eight hexadecimal digits for each key, the current one first. */
  readonly keyIds: readonly string[];
}

/**
 * @param secrets as the secret store holds them, the current one first, at least one
 * @param name where they are configured, for messages
 * @throws {PosternError} exit 2: `subject-key-invalid`, `subject-key-short`, `subject-key-duplicate`
 */
export function nameHasher(secrets: readonly [string, ...string[]], name = 'subjects.hmac_keys'): NameHasher {
  const bytes = secrets.map((secret, index) => parseKey(secret, `${name}[${index}]`));
  requireDistinct(bytes, name);
  const keys = bytes.map(hashingKey);
  const [current] = keys;
  if (current === undefined) throw new TypeError('a hasher needs a key');
  return {
    hash: (purpose, kind, value) => current.hash(purpose, message(purpose, kind, value)),
    all: (purpose, kind, value) => {
      const hashed = message(purpose, kind, value);
      return keys.map(({ hash }) => hash(purpose, hashed));
    },
    keyIds: keys.map(({ id }) => id),
  };
}

/** The name of a row by the values of its primary key: PostgreSQL's text has no NUL, so none can stand for another. */
export const rowName = (key: readonly string[]): string => key.join('\0');

/** The id of the key that a hash was made under. */
export const keyIdOf = (hash: string): string => hash.slice(0, hash.indexOf(':'));

function message(purpose: HashPurpose, kind: string, value: string): Buffer {
  return Buffer.from(`${kind}\0${purpose === 'hold-row' ? value : canonicalValue(kind, value)}`);
}

function hashingKey(key: Buffer) {
  const id = createHash('sha256')
    .update('postern name-hash key id v1\0')
    .update(key)
    .digest('hex')
    .slice(0, 8);
  const derived = new Map<HashPurpose, Buffer>();
  const keyFor = (purpose: HashPurpose): Buffer => {
    const known = derived.get(purpose) ?? derive(key, purpose);
    derived.set(purpose, known);
    return known;
  };
  return {
    id,
    hash: (purpose: HashPurpose, text: Buffer): string => {
      const hash = keyedHash(keyFor(purpose), text, { normalise: [], bits: 256 });
      return `${id}:${hash.toString('hex')}`;
    },
  };
}

/** HKDF-SHA-256 (RFC 5869), without a salt. */
const derive = (key: Buffer, purpose: HashPurpose): Buffer =>
  Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `postern name-hash v1 ${purpose}`, 32));
