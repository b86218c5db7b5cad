import { type Edit, edited } from './edits.ts';
import { foundAddresses } from './found-address.ts';
import type { AddressSet } from './name-set.ts';

/**
 * Puts another address in the place of every one of the persons', written as that was: with `%40` in a URL, `&#64;` in
 * HTML. Every other byte stays.
 * @param text bytes (latin1) @param replacement an address
 * @returns undefined where none stands there
 */
export const replaceAddresses = (
  text: string,
  addresses: AddressSet,
  replacement: string,
): string | undefined => edited(text, addressEdits(text, addresses, replacement));

export function addressEdits(text: string, addresses: AddressSet, replacement: string): readonly Edit[] {
  return [...foundAddresses(text, addresses)].map(({ from, to, sign }) => {
    // Lines of quoted-printable end where they did.
    const breaks = text.slice(from, to).match(/=(?:\r\n|\n|\r)/g) ?? [];
    return { from, to, text: writtenAs(sign, replacement) + breaks.join('') };
  });
}

/** As the sign says, and all in ASCII where it says anything. */
function writtenAs(sign: string, address: string): string {
  const at = address.lastIndexOf('@');
  const parts = [address.slice(0, at), address.slice(at + 1)];
  const [kind = ''] = sign;
  const write = writers[kind];
  if (write === undefined) return Buffer.from(address).toString('latin1');
  return parts.map(write).join(sign);
}

const bytesAs = (sign: string) => (text: string) =>
  text.replaceAll(/[^\w.-]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => sign + byte.toString(16).toUpperCase().padStart(2, '0'))
      .join(''),
  );

const writers: Readonly<Record<string, (text: string) => string>> = {
  '%': bytesAs('%'),
  '=': bytesAs('='),
  '&': (text) => text.replaceAll(/[^\w.+-]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`),
  '\\': (text) =>
    text.replaceAll(/[^ -~]|["\\]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
};
