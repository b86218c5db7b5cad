import { type HeaderField, parseEntity } from './entity.ts';

/** A body as people read it, in UTF-8. */
export type BodyType = 'text/plain' | 'text/html';

/**
 * The header of a message whose body was taken out of its parts and decoded, so that programs show it: fields that tell
 * of what is not there any more (`Content-Type: multipart/…`, `Content-Transfer-Encoding: base64`) are called
 * `X-Original-…`, and others say what is. One that fits stays as it is.
 */
export function fittingHeader(header: Buffer, body: Buffer, as: BodyType): Buffer {
  const text = header.toString('latin1');
  const { type, encoding, headers } = parseEntity(text);
  const told = headers.find(({ name }) => name === 'content-type')?.value ?? '';
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(told)?.[1] ?? 'us-ascii';
  const isReadable = /^utf-?8$/i.test(charset) || body.every((byte) => byte < 0x80);
  if (type === as && isReadable && !['base64', 'quoted-printable'].includes(encoding)) return header;
  const lineEnd = text.includes('\r\n') || !text.includes('\n') ? '\r\n' : '\n';
  const fields = headers.filter(isAboutBody);
  let result = '';
  let at = 0;
  for (const { start } of fields) {
    result += `${text.slice(at, start)}X-Original-`;
    at = start;
  }
  const end = headers.at(-1)?.end ?? 0;
  result += text.slice(at, end);
  if (result !== '' && !/[\r\n]$/.test(result)) result += lineEnd;
  result += [
    'MIME-Version: 1.0',
    `Content-Type: ${as}; charset=utf-8`,
    'Content-Transfer-Encoding: 8bit',
    '',
  ].join(lineEnd);
  return Buffer.from(result + text.slice(end), 'latin1');
}

const isAboutBody = ({ name }: HeaderField): boolean =>
  name === 'mime-version' || name === 'content-type' || name === 'content-transfer-encoding';
