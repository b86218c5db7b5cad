import { type BodyType, fittingHeader } from './fitting-header.ts';

/**
 * A message out of its header and its body, which a database keeps apart. An empty line stands between them, once;
 * a message without a body has that line too.
 * @param as what the body is where it is not as it travelled: the header is made to say so
 */
export function wholeMessage(told: Buffer, body: Buffer | null, as?: BodyType): Buffer {
  const header = as === undefined || body === null ? told : fittingHeader(told, body, as);
  const text = header.subarray(-4).toString('latin1');
  const lineEnd = header.includes('\r\n') || !header.includes('\n') ? '\r\n' : '\n';
  const isEnded = text.endsWith('\n');
  const hasEmptyLine = text.endsWith('\n\n') || text.endsWith('\n\r\n');
  const between = hasEmptyLine ? '' : isEnded || header.byteLength === 0 ? lineEnd : lineEnd + lineEnd;
  return Buffer.concat([header, Buffer.from(between), body ?? Buffer.alloc(0)]);
}
