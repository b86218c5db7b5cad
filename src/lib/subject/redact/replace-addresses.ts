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
  for (const { from, to, sign, isCounted } of foundAddresses(text, addresses)) {
    const name = sign.endsWith('"') && names === 'removed' ? nameBefore(text, from) : undefined;
    if (name !== undefined) {
      while ((edits.at(-1)?.to ?? 0) > name.from) edits.pop();
      edits.push({ ...name, text: 'NIL' });
    }
    // Lines of quoted-printable end where they did.
    const breaks = text.slice(from, to).match(/=(?:\r\n|\n|\r)/g) ?? [];
    const kept = isCounted && names === 'removed' ? to - from - sign.length + 1 : undefined;
    const address = kept === undefined ? placeholder : ofLength(placeholder, kept);
    edits.push({ from, to, text: writtenAs(sign, address) + breaks.join('') });
  }
  return edits;
}

/**
 * As long as what it stands in place of, since lengths before it, and around all of it, must agree: else a program could
 * read nothing of the value any more. `erased@erased.invalid` becomes `e@erase.invalid`.
 */
function ofLength(placeholder: string, length: number): string {
  const [local = '', domain = ''] = placeholder.split('@');
  const [label = '', ...rest] = domain.split('.');
  const top = `.${rest.join('.')}`;
  const room = length - top.length - 1;
  if (room < 2) return local.padEnd(length, 'x').slice(0, length);
  const host = label.slice(0, Math.max(1, Math.min(label.length, room - 1)));
  return `${local.padEnd(room - host.length, 'x').slice(0, room - host.length)}@${host}${top}`;
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
