import { integrityError, refused } from '../base/error.ts';
import { canonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from './canonical-json.ts';
import { formatSessionKey, parseSessionKey, type SessionKey, wipeSessionKey } from './openpgp-session-key.ts';

/**
 * The session keys of one set, for recipients who came later. It opens everything in the set, so it is only ever
 * stored encrypted; its form is in docs/formats/openpgp-container.md.
 */
export interface SessionKeyList {
  readonly setId: string;
  /** Of the manifest as it is stored, encrypted: 64 lowercase hexadecimal digits. */
  readonly manifestSha256: string;
  /** By the name of the file in the set. */
  readonly keys: ReadonlyMap<string, SessionKey>;
}

const format = 'postern-session-keys';
const version = 1;
const members = ['format', 'keys', 'manifestSha256', 'setId', 'version'];

/** Canonical JSON in UTF-8, to be encrypted and then wiped. Throws `integrityError` as `parseSessionKeyList` does. */
export function formatSessionKeyList({ setId, manifestSha256, keys }: SessionKeyList): Buffer {
  const texts = Object.fromEntries(
    Array.from(keys, ([name, sessionKey]) => [name, formatSessionKey(sessionKey)]),
  );
  const document = { format, version, setId, manifestSha256, keys: texts };
  wipeSessionKeyList(readDocument(document));
  return Buffer.from(canonicalJson(document));
}

/**
 * Reads a list that was decrypted and whose signature holds. The bytes are the caller's to wipe; of the strings that
 * JSON makes of them nobody can.
 *
 * Throws `integrityError`, code `'session-keys-invalid'`, whose message quotes nothing of the list; `refused`, code
 * `'session-keys-newer'`, for a later version.
 */
export function parseSessionKeyList(bytes: Uint8Array): SessionKeyList {
  let value: JsonValue;
  try {
    value = parseCanonicalJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    // Without its cause: a JSON error quotes the text, which is secret.
    throw invalid('it is not canonical JSON');
  }
  return readDocument(value);
}

/** Overwrites the keys of a list; see `wipeSessionKey` for what that cannot reach. */
export function wipeSessionKeyList({ keys }: SessionKeyList): void {
  for (const sessionKey of keys.values()) wipeSessionKey(sessionKey);
}

function readDocument(document: JsonValue): SessionKeyList {
  if (!isObject(document) || document['format'] !== format) throw invalid(`its format is not ${format}`);
  checkVersion(document['version']);
  if (Object.keys(document).sort().join() !== members.join())
    throw invalid('its members are not those of version 1');
  const { setId, manifestSha256, keys } = document;
  if (typeof setId !== 'string' || !/^[0-9A-Za-z-]{1,100}$/.test(setId)) throw invalid('its set id is none');
  if (typeof manifestSha256 !== 'string' || !/^[0-9a-f]{64}$/.test(manifestSha256))
    throw invalid("its manifest's hash is none");
  if (keys === undefined || !isObject(keys) || Object.keys(keys).length === 0)
    throw invalid('it holds no keys');
  return { setId, manifestSha256, keys: new Map(Object.entries(keys).map(readEntry)) };
}

function checkVersion(found: JsonValue | undefined): void {
  if (typeof found !== 'number' || !Number.isSafeInteger(found) || found < version)
    throw invalid('it has no version');
  if (found === version) return;
  throw refused(`the list of session keys has version ${found}, and this postern knows ${version}`, {
    code: 'session-keys-newer',
    hints: ['use the postern that made the list, or a newer one'],
  });
}

function readEntry([name, text]: [string, JsonValue]): [string, SessionKey] {
  if (!isFileName(name)) throw invalid('a name in it is not that of a file in a set');
  if (typeof text !== 'string' || text !== text.toUpperCase())
    throw invalid('a key in it is not in the form 9:HEX');
  try {
    return [name, parseSessionKey(text)];
  } catch {
    throw invalid('a key in it is not an AES session key');
  }
}

/** Relative, with slashes, and staying in its folder. */
function isFileName(name: string): boolean {
  return (
    name.length <= 1_000 &&
    !/[\p{Cc}\\]/u.test(name) &&
    name.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  );
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(why: string): Error {
  return integrityError(`the list of session keys is not valid: ${why}`, { code: 'session-keys-invalid' });
}
