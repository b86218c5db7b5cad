import { createHmac } from 'node:crypto';

/** Done to a text before it is hashed; docs/formats/keyed-hash.md says exactly what. */
export type NormalisingStep = 'trim' | 'lower' | 'nfc';

/** How a value becomes a keyed hash. */
export interface HashRule {
  /** In this order; without steps the bytes are hashed as they are. */
  readonly normalise: readonly NormalisingStep[];
  /** Leading bits that are kept, a multiple of 8. */
  readonly bits: number;
}

/** Bytes of an HMAC key. */
export const hashKeyLength = 32;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * HMAC-SHA-256 of a value (RFC 2104, FIPS 198-1), its leading bits.
 * @param value a text's UTF-8 bytes, or bytes
 * @returns a code where the value is to be normalised and is no UTF-8
 */
export function keyedHash(
  key: Uint8Array,
  value: Uint8Array,
  { normalise, bits }: HashRule,
): Buffer | 'hash-not-utf8' {
  const bytes = normalise.length === 0 ? value : normalised(value, normalise);
  if (typeof bytes === 'string') return bytes;
  return createHmac('sha256', key)
    .update(bytes)
    .digest()
    .subarray(0, bits / 8);
}

function normalised(value: Uint8Array, steps: readonly NormalisingStep[]): Buffer | 'hash-not-utf8' {
  let text: string;
  try {
    text = decoder.decode(value);
  } catch {
    return 'hash-not-utf8';
  }
  return Buffer.from(steps.reduce((before, step) => apply[step](before), text));
}

const apply: Readonly<Record<NormalisingStep, (text: string) => string>> = {
  trim,
  lower: (text) => text.toLowerCase(),
  nfc: (text) => text.normalize('NFC'),
};

/** Not String.trim: languages differ in what else they take for white space. */
const blanks = new Set('\t\n\v\f\r ');

function trim(text: string): string {
  let from = 0;
  let until = text.length;
  while (from < until && blanks.has(text.charAt(from))) from += 1;
  while (until > from && blanks.has(text.charAt(until - 1))) until -= 1;
  return text.slice(from, until);
}
