import { type Entity, type HeaderField, parseEntity } from './entity.ts';
import { forwardedFrom } from './forwarded.ts';
import { addressesIn, isBlind } from './open-names.ts';
import { cutBody, decodeBody, decodeWords } from './transfer.ts';

/** Something that others may have an interest in (GDPR, Article 15(4)). */
export interface Found {
  readonly kind: 'bcc' | 'forwarded-message' | 'forwarded-text';
  /** Which one of the message, in its order. */
  readonly index: number;
  /** What would be masked, as it stands there. */
  readonly content: Buffer;
}

export interface MaskRules {
  /** Whether an address is one of the person's. */
  isPerson(address: string): boolean;
  /** @returns what stands in its place; undefined leaves it as it is */
  mask(found: Found): string | undefined;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * A message without what its rules mask: blind copies to others, messages that are attached to it, and what was
 * forwarded inside its texts. Every other byte is as it was.
 */
export function maskMessage(message: Buffer, rules: MaskRules): Buffer {
  const text = message.toString('latin1');
  const root = parseEntity(text);
  const edits: Edit[] = [];
  let index = 0;
  const ask = (kind: Found['kind'], start: number, end: number, content = text.slice(start, end)) =>
    rules.mask({ kind, index: index++, content: Buffer.from(content, 'latin1') });
  for (const field of root.headers) {
    if (!isBlind(field.name) || field.value.trim() === '') continue;
    const named = addressesIn(field.value);
    const own = named.filter((found) => rules.isPerson(Buffer.from(found, 'latin1').toString()));
    if (named.length === own.length && named.length > 0) continue;
    const note = ask('bcc', field.start, field.end);
    if (note !== undefined)
      edits.push({ start: field.start, end: field.end, text: bccLine(text, field, own, note) });
  }
  const subject = decodeWords(root.headers.find(({ name }) => name === 'subject')?.value ?? '');
  walk(root);

  function walk(entity: Entity): void {
    const { type, encoding, bodyStart, bodyEnd, parts } = entity;
    if (isMessage(entity)) {
      const body = text.slice(bodyStart, bodyEnd);
      const note = ask('forwarded-message', bodyStart, bodyEnd, decodeBody(body, encoding));
      const placeholder = `Subject: ${note}\r\n\r\n${note}\r\n`;
      if (note === undefined) return;
      edits.push({
        start: bodyStart,
        end: bodyEnd,
        text: encoding === 'base64' ? cutBody('', 'base64', 0, placeholder) : placeholder,
      });
    } else if (parts.length > 0) {
      for (const part of parts) walk(part);
    } else if (/^(?:text|multipart)\//.test(type)) {
      const body = text.slice(bodyStart, bodyEnd);
      const decoded = decodeBody(body, encoding);
      const from = forwardedFrom(decoded, subject);
      if (from === undefined) return;
      const note = ask('forwarded-text', bodyStart, bodyEnd, decoded.slice(from));
      if (note === undefined) return;
      edits.push({ start: bodyStart, end: bodyEnd, text: cutBody(body, encoding, from, `${note}\r\n`) });
    }
  }

  return edits.length === 0 ? message : Buffer.from(edited(text, edits), 'latin1');
}

/** A message of others, also one that is attached as a file, and what cannot be looked into. */
function isMessage({ type, headers, isTooDeep }: Entity): boolean {
  if (isTooDeep || ['message/rfc822', 'message/global', 'application/vnd.ms-outlook'].includes(type))
    return true;
  return headers.some(
    ({ name, value }) =>
      (name === 'content-type' || name === 'content-disposition') &&
      /\.(?:eml|msg)"?\s*(?:;|$)/i.test(namesIn(value)),
  );
}

/** A field with names of files as they are read: encoded words decoded (RFC 2047), parts put together (RFC 2231). */
function namesIn(value: string): string {
  return decodeWords(value)
    .replaceAll(/"?\s*;\s*(?:file)?name\*[1-9]\d?\*?\s*=\s*"?/gi, '')
    .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Of several names, the person's own stay. */
function bccLine(text: string, { start, end }: HeaderField, own: readonly string[], note: string): string {
  const [name = ''] = text.slice(start, end).split(':', 1);
  const lineEnd = /(?:\r\n?|\n)$/.exec(text.slice(Math.max(start, end - 2), end))?.[0] ?? '\n';
  return `${name}: ${[...own.map((each) => `<${each}>`), `undisclosed:;`].join(', ')}${lineEnd}X-Masked: ${name} ${note}${lineEnd}`;
}

function edited(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text: replacement } of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}
