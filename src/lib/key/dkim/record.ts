// A DKIM key record (RFC 6376 §3.6.1), and the public key in it.
import { createPublicKey, type KeyObject } from 'node:crypto';

export type KeyType = 'rsa' | 'ed25519';

/** A key record that verifiers can use, or one that says that its key is revoked. */
export interface DkimRecord {
  readonly keyType: KeyType;
  /** As `publicKeyText` writes it; empty: the key is revoked. */
  readonly publicKey: string;
  /** Of an RSA modulus, or 256; 0 where the key is revoked. */
  readonly bits: number;
  /** `h=`: the hashes that verifiers shall accept; undefined: all. */
  readonly hashes: readonly string[] | undefined;
  /** `s=`; undefined: every service. */
  readonly services: readonly string[] | undefined;
  /** `t=`: `y` tells verifiers that the domain only tests, `s` that subdomains may not use the key. */
  readonly flags: readonly string[];
  /** Names of tags that RFC 6376 does not know; verifiers pass them over. */
  readonly unknownTags: readonly string[];
}

export type ParsedRecord = { readonly record: DkimRecord } | { readonly problem: string };

/** Reads the text of a TXT record, its strings joined. Never throws, whatever the text is. */
export function parseDkimRecord(text: string): ParsedRecord {
  const tags = parseTags(text);
  if ('problem' in tags) return tags;
  const { list } = tags;
  const version = list.get('v');
  if (version !== undefined && (version !== 'DKIM1' || [...list.keys()][0] !== 'v'))
    return {
      problem: version === 'DKIM1' ? 'v= is not the first tag' : `its version is ${version}, not DKIM1`,
    };
  const keyType = list.get('k') ?? 'rsa';
  if (keyType !== 'rsa' && keyType !== 'ed25519') return { problem: `its key type is ${keyType}` };
  const encoded = list.get('p');
  if (encoded === undefined) return { problem: 'it has no p= tag' };
  const key = readPublicKey(keyType, encoded.replaceAll(/\s/g, ''));
  if (key === undefined) return { problem: `its p= is no ${keyType} public key` };
  return {
    record: {
      keyType,
      ...key,
      hashes: colonList(list.get('h')),
      services: colonList(list.get('s')),
      flags: colonList(list.get('t')) ?? [],
      unknownTags: [...list.keys()].filter((name) => !'vghknpst'.includes(name) || name.length > 1),
    },
  };
}

/**
 * What stands in `p=`: of RSA, the base64 of the SubjectPublicKeyInfo, which is what every verifier reads (RFC 6376
 * §3.6.1 speaks of the RSAPublicKey in it); of Ed25519, the base64 of the 32 bytes alone (RFC 8463 §4).
 * @param key public, or private for its public half
 */
export function publicKeyText(key: KeyObject): string {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  const spki = half.export({ type: 'spki', format: 'der' });
  const isRaw = half.asymmetricKeyType === 'ed25519';
  return (isRaw ? spki.subarray(ed25519SpkiPrefix.length) : spki).toString('base64');
}

/** The text of a record that publishes a key, or revokes one by an empty `p=`. */
export function recordText(keyType: KeyType, publicKey: string): string {
  return `v=DKIM1; k=${keyType}; p=${publicKey}`;
}

/** SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING … } up to the 32 bytes (RFC 8410 §4). */
const ed25519SpkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

function readPublicKey(
  keyType: KeyType,
  encoded: string,
): Pick<DkimRecord, 'publicKey' | 'bits'> | undefined {
  if (encoded === '') return { publicKey: '', bits: 0 };
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(encoded))
    return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const key = keyType === 'ed25519' ? ed25519Key(bytes) : rsaKey(bytes);
  if (key === undefined) return undefined;
  return { publicKey: publicKeyText(key), bits: key.asymmetricKeyDetails?.modulusLength ?? 256 };
}

function ed25519Key(bytes: Buffer): KeyObject | undefined {
  return bytes.length === 32
    ? derKey(Buffer.concat([ed25519SpkiPrefix, bytes]), 'spki', 'ed25519')
    : undefined;
}

/** Either form of it: the letter of the standard (RSAPublicKey), and what it is taken for (SubjectPublicKeyInfo). */
function rsaKey(bytes: Buffer): KeyObject | undefined {
  return derKey(bytes, 'spki', 'rsa') ?? derKey(bytes, 'pkcs1', 'rsa');
}

function derKey(bytes: Buffer, type: 'spki' | 'pkcs1', expected: KeyType): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: bytes, format: 'der', type });
    return key.asymmetricKeyType === expected ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The tag-list of RFC 6376 §3.2: names in their order; white space around names and values does not count. */
function parseTags(
  text: string,
): { readonly list: ReadonlyMap<string, string> } | { readonly problem: string } {
  const list = new Map<string, string>();
  const specs = text.split(';').map((spec) => spec.trim());
  // One semicolon may stand at the end.
  if (specs.at(-1) === '') specs.pop();
  if (specs.length === 0) return { problem: 'it is empty' };
  for (const spec of specs) {
    const [, name, value] = /^([A-Za-z][A-Za-z0-9_]*)\s*=\s*([\x21-\x7e\s]*)$/.exec(spec) ?? [];
    if (name === undefined || value === undefined) return { problem: `${shown(spec)} is no tag` };
    if (list.has(name)) return { problem: `the tag ${name}= is there twice` };
    list.set(name, value.trim());
  }
  return { list };
}

function colonList(value: string | undefined): readonly string[] | undefined {
  return value?.split(':').map((item) => item.trim());
}

function shown(text: string): string {
  return JSON.stringify(text.length > 24 ? `${text.slice(0, 24)}…` : text);
}
