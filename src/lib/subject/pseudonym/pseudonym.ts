import { hkdfSync } from 'node:crypto';
import { keyedHash } from '../../crypto/keyed-hash.ts';
import type { Identity } from '../identity/identities.ts';
import { canonicalValue } from '../name-hash/canonical-value.ts';
import { parseKey, requireDistinct } from '../name-hash/index.ts';

/** A key that pseudonyms are made with. */
export interface PseudonymKey {
  readonly version: number;
  /** Derived from the configured one; 32 bytes. */
  readonly bytes: Uint8Array;
}

/** The newest first. */
export type PseudonymKeys = readonly [PseudonymKey, ...PseudonymKey[]];

interface ConfiguredKey {
  readonly version: number;
  /** As the secret store holds it. */
  readonly secret: string;
}

/**
 * @param configured the newest first
 * @throws {PosternError} exit 2: `subject-key-invalid`, `subject-key-short`, `subject-key-duplicate`
 */
export function pseudonymKeysOf([newest, ...others]: readonly [
  ConfiguredKey,
  ...ConfiguredKey[],
]): PseudonymKeys {
  const name = 'subjects.pseudonym_keys';
  const parse = ({ secret }: ConfiguredKey, index: number) => parseKey(secret, `${name}[${index}].key`);
  requireDistinct([newest, ...others].map(parse), name);
  const derived = (key: ConfiguredKey, index: number): PseudonymKey => ({
    version: key.version,
    bytes: Buffer.from(
      // HKDF-SHA-256 (RFC 5869), without a salt.
      hkdfSync('sha256', parse(key, index), Buffer.alloc(0), 'postern pseudonym v1', 32),
    ),
  });
  return [derived(newest, 0), ...others.map((key, index) => derived(key, index + 1))];
}

/** Bytes of the hash that stand in a pseudonym: 120 bits, 24 characters of base32. */
const pseudonymBytes = 15;

/** No mail can ever be delivered there (RFC 2606 §2). */
const domain = '@pseudonym.invalid';

const pseudonymPattern = /^p([1-9]\d{0,3})\.([a-z2-7]{24})(@pseudonym\.invalid)?$/;

/**
 * What stands for a value that is pseudonymised: for an address `p1.…@pseudonym.invalid`, else `p1.…`, the number being
 * the key's version. Equal values of a kind have equal pseudonyms; a pseudonym of any version is returned as it is, so
 * that work which is done again changes nothing.
 * @param identity of the field; for a field without one, `{kind: 'schema.table.column'}`
 */
export function pseudonym(key: PseudonymKey, identity: Pick<Identity, 'kind'>, value: string): string {
  if (pseudonymVersion(value) !== undefined) return value;
  const { kind } = identity;
  const token = tokenOf(key, `${kind}\0${canonicalValue(kind, value)}`);
  return kind === 'email' ? token + domain : token;
}

/** The version of a pseudonym's key; undefined for anything else. */
export function pseudonymVersion(value: string): number | undefined {
  const version = pseudonymPattern.exec(value)?.[1];
  return version === undefined ? undefined : Number(version);
}

/**
 * A pseudonym under a newer key, made of the older pseudonym alone: equal ones stay equal, and whoever gets the older
 * key afterwards can try no values against it. One under this key or a newer one, and what is no pseudonym, is returned
 * as it is.
 */
export function rotatedPseudonym(key: PseudonymKey, value: string): string {
  const [, version, , isAddress = ''] = pseudonymPattern.exec(value) ?? [];
  if (version === undefined || Number(version) >= key.version) return value;
  return tokenOf(key, value.slice(0, value.length - isAddress.length)) + isAddress;
}

function tokenOf({ version, bytes }: PseudonymKey, message: string): string {
  const hash = keyedHash(bytes, Buffer.from(message), { normalise: [], bits: pseudonymBytes * 8 });
  if (typeof hash === 'string') throw new TypeError(hash);
  return `p${version}.${base32(hash)}`;
}

/** RFC 4648 §6 in lower case; of 5 bytes or a multiple, which need no padding. */
function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replaceAll(/.{5}/g, (five) =>
    'abcdefghijklmnopqrstuvwxyz234567'.charAt(Number.parseInt(five, 2)),
  );
}
