import type { ModelTable } from '../../../platform/map/index.ts';

/** The columns that a contact is made of where no column holds a vCard. */
export interface ContactColumns {
  readonly vcard: string | undefined;
  /** Of whole names, of first and of last ones. */
  readonly names: readonly string[];
  readonly first: readonly string[];
  readonly last: readonly string[];
  readonly emails: readonly string[];
  readonly phones: readonly string[];
}

export function contactColumns({ fields }: ModelTable): ContactColumns {
  const of = (isMeant: (category: string) => boolean) =>
    fields.flatMap(([name, { category, type }]) =>
      type !== undefined && category !== undefined && isMeant(category) ? [name] : [],
    );
  const parts = ['user.name.first', 'user.name.last'];
  return {
    vcard: fields.find(([, { parser, type }]) => parser === 'vcard' && type !== undefined)?.[0],
    names: of((category) => category.startsWith('user.name') && !parts.includes(category)),
    first: of((category) => category === parts[0]),
    last: of((category) => category === parts[1]),
    emails: of((category) => category.startsWith('user.contact.email')),
    phones: of((category) => category.startsWith('user.contact.phone_number')),
  };
}

/**
 * A contact as a vCard: the one that the row holds, else one of version 4.0 (RFC 6350) out of its columns.
 * @param texts those of a column: several of a list or a document
 * @returns undefined where nothing is told of the contact
 */
export function vcardOf(
  columns: ContactColumns,
  texts: (column: string) => readonly string[],
): string | undefined {
  const [own = ''] = columns.vcard === undefined ? [] : texts(columns.vcard);
  // One that does not end would take the next ones for its own.
  if (/^\s*BEGIN:VCARD\s.*\sEND:VCARD\s*$/is.test(own))
    return `${own.trim().replaceAll(/\r\n?|\n/g, '\r\n')}\r\n`;
  const all = (names: readonly string[], isMeant: (text: string) => boolean = () => true) => [
    ...new Set(
      names
        .flatMap(texts)
        .map((text) => text.trim())
        .filter((text) => text !== '' && isMeant(text)),
    ),
  ];
  // A document has words beside them: `home`.
  const emails = all(columns.emails, (text) => text.includes('@'));
  const phones = all(columns.phones, (text) => /\d/.test(text));
  const [first, last] = [all(columns.first), all(columns.last)];
  const name = withoutParts(all(columns.names)).join(' ') || [...first, ...last].join(' ');
  const shown = name || emails[0] || phones[0];
  if (shown === undefined) return undefined;
  const lines = [
    'BEGIN:VCARD',
    'VERSION:4.0',
    `FN:${escaped(shown)}`,
    ...(first.length + last.length > 0 ? [`N:${[last, first].map(listed).join(';')};;;`] : []),
    ...emails.map((email) => `EMAIL:${escaped(email)}`),
    ...phones.map((phone) => `TEL;VALUE=text:${escaped(phone)}`),
    'END:VCARD',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

/** Without names that are words of another: `Ann` and `Smith` beside `Ann Smith`, or that once more in small letters. */
function withoutParts(names: readonly string[]): readonly string[] {
  const folded = names.map((name) => ` ${name.toLowerCase()} `);
  return names.filter((_, index) =>
    folded.every((other, at) => {
      const own = folded[index] ?? '';
      return at === index || !other.includes(own) || (other === own && at > index);
    }),
  );
}

const listed = (texts: readonly string[]): string => texts.map(escaped).join(',');

/** No line may end within a value, whatever a reader takes for an end, and no control character stand there. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[\\,;]/g, String.raw`\$&`)
    .replaceAll(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/g, String.raw`\n`)
    .replaceAll(/\p{Cc}/gu, ' ');

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
