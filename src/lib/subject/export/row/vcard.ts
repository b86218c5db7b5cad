import type { ModelTable } from '../../../platform/map/index.ts';

/** The columns that a contact is made of where no column holds a vCard. */
export interface ContactColumns {
  readonly vcard: string | undefined;
  readonly name: string | undefined;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
}

export function contactColumns({ fields }: ModelTable): ContactColumns {
  const of = (prefix: string) =>
    fields.filter(([, { category, type }]) => type !== undefined && category?.startsWith(prefix) === true);
  return {
    vcard: fields.find(([, { parser, type }]) => parser === 'vcard' && type !== undefined)?.[0],
    name: of('user.name')[0]?.[0],
    emails: of('user.contact.email').map(([name]) => name),
    phones: of('user.contact.phone_number').map(([name]) => name),
  };
}

/**
 * A contact as a vCard: the one that the row holds, else one of version 4.0 (RFC 6350) out of its columns.
 * @param value the text of a column
 * @returns undefined where nothing is told of the contact
 */
export function vcardOf(
  columns: ContactColumns,
  value: (column: string) => string | null,
): string | undefined {
  const own = columns.vcard === undefined ? null : value(columns.vcard);
  if (own !== null && /^\s*BEGIN:VCARD/i.test(own)) return `${own.trim().replaceAll(/\r?\n/g, '\r\n')}\r\n`;
  const all = (names: readonly string[]): readonly string[] => [
    ...new Set(names.flatMap((name) => value(name)?.trim() || [])),
  ];
  const name = columns.name === undefined ? null : value(columns.name);
  const [emails, phones] = [all(columns.emails), all(columns.phones)];
  const shown = name?.trim() || emails[0] || phones[0];
  if (shown === undefined) return undefined;
  const lines = [
    'BEGIN:VCARD',
    'VERSION:4.0',
    `FN:${escaped(shown)}`,
    ...emails.map((email) => `EMAIL:${escaped(email)}`),
    ...phones.map((phone) => `TEL;VALUE=text:${escaped(phone)}`),
    'END:VCARD',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

const escaped = (text: string): string =>
  text.replaceAll(/[\\,;]/g, String.raw`\$&`).replaceAll(/\r?\n/g, String.raw`\n`);

/** No line has more than 75 octets (RFC 6350 §3.2). */
function folded(line: string): string {
  let result = '';
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > 75) {
      result += '\r\n ';
      octets = 1;
    }
    result += character;
    octets += size;
  }
  return result;
}
