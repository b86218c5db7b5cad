import type { Edit } from './edits.ts';
import { foundAddresses } from './found-address.ts';
import { nameBefore } from './imap-envelope.ts';
import type { Replacing } from './replacing.ts';

/**
 * What puts another address in the place of every one of the persons', written as that was: with `%40` in a URL, `&#64;`
 * in HTML. Every other byte stays.
 * @param text bytes (latin1)
 */
export function addressEdits(
  text: string,
  { addresses, placeholder, names }: Pick<Replacing, 'addresses' | 'placeholder' | 'names'>,
): readonly Edit[] {
  const edits: Edit[] = [];
  for (const { from, to, sign } of foundAddresses(text, addresses)) {
    const name = sign.endsWith('"') && names === 'removed' ? nameBefore(text, from) : undefined;
    if (name !== undefined) {
      while ((edits.at(-1)?.to ?? 0) > name.from) edits.pop();
      edits.push({ ...name, text: 'NIL' });
    }
    // Lines of quoted-printable end where they did.
    const breaks = text.slice(from, to).match(/=(?:\r\n|\n|\r)/g) ?? [];
    edits.push({ from, to, text: writtenAs(sign, placeholder) + breaks.join('') });
  }
  return edits;
}

/** As the sign says, and all in ASCII where it says anything. */
function writtenAs(sign: string, address: string): string {
  const at = address.lastIndexOf('@');
  const parts = [address.slice(0, at), address.slice(at + 1)];
  if (/^=(?:=a==)?$/.test(sign)) return Buffer.from(parts.join(sign)).toString('latin1');
  const [kind = ''] = sign;
  const write = writers[kind];
  if (write !== undefined) return parts.map(write).join(sign);
  const bytes = Buffer.from(address).toString('latin1');
  return sign.endsWith('"') ? bytes.replace(/@(?=[^@]*$)/, () => sign) : bytes;
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
