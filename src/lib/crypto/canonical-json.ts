import { integrityError } from '../base/error.ts';

/** What JSON can say (RFC 8259). Numbers are IEEE 754 doubles; strings are well-formed Unicode. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Deeper text is refused before it can exhaust the stack; our own documents nest fewer than 20 levels. */
const maxDepth = 1_000;

/**
 * The one text for a value (RFC 8785, JSON Canonicalization Scheme): no white space, keys in the order of their
 * UTF-16 code units, numbers and strings as ECMAScript writes them. Encode it as UTF-8 before you hash or sign it.
 *
 * Throws `TypeError`, which is a bug of the caller, for what JSON cannot say: NaN, infinities, bigint, undefined,
 * symbols, functions, holes, lone surrogates, objects that are not plain, nesting over 1,000 levels.
 */
export function canonicalJson(value: JsonValue): string {
  return serialize(value, 0);
}

/**
 * Reads text that must be its own canonical form. Duplicate keys, other key orders, white space and other number
 * spellings would let two texts mean one document, so they are refused.
 *
 * Throws `integrityError`, code `'not-canonical-json'`.
 */
export function parseCanonicalJson(text: string): JsonValue {
  let canonical: string;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
    canonical = canonicalJson(value);
  } catch (cause) {
    throw integrityError('the text is not canonical JSON (RFC 8785)', { code: 'not-canonical-json', cause });
  }
  if (canonical !== text) {
    throw integrityError('the text is JSON, but not in canonical form (RFC 8785)', {
      code: 'not-canonical-json',
    });
  }
  return value;
}

function serialize(value: unknown, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return serializeString(value);
  if (typeof value === 'number') return serializeNumber(value);
  if (typeof value !== 'object')
    throw new TypeError(`canonical JSON cannot hold a value of type ${typeof value}`);
  if (depth >= maxDepth) throw new TypeError(`canonical JSON may not nest deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => serialize(item, depth + 1)).join(',')}]`;
  return serializeObject(value, depth);
}

function serializeObject(object: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('canonical JSON can hold plain objects only');
  }
  const members = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, value]) => `${serializeString(key)}:${serialize(value, depth + 1)}`).join(',')}}`;
}

function serializeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot hold ${value}`);
  return JSON.stringify(value);
}

function serializeString(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('canonical JSON cannot hold a string with a lone surrogate');
  return JSON.stringify(value);
}
