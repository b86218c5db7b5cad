// A message taken apart as far as masking needs it (RFC 2045, RFC 2046): where the header and the body of each part
// begin and end. Texts here are `latin1`: a character is a byte, and every position is that of the message.

/** A part of a message, or the message itself. */
export interface Entity {
  /** `text/plain`, in small letters. */
  readonly type: string;
  /** `base64`, `quoted-printable`, or anything else for what stands as it is; in small letters. */
  readonly encoding: string;
  readonly headers: readonly HeaderField[];
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly parts: readonly Entity[];
  /** It has parts, and lies too deep for anybody to look into them. */
  readonly isTooDeep: boolean;
}

export interface HeaderField {
  /** In small letters. */
  readonly name: string;
  /** With its folds taken out. */
  readonly value: string;
  /** From the first letter of the name to behind the line's end, folded lines included. */
  readonly start: number;
  readonly end: number;
}

/** A hostile message may nest without end. */
const deepest = 20;

/**
 * Never throws: what is no MIME is one part of text.
 * @param usual the type of a part that does not tell
 */
export function parseEntity(
  text: string,
  start = 0,
  end = text.length,
  depth = 0,
  usual = 'text/plain',
): Entity {
  const { headers, bodyStart } = readHeaders(text, start, end);
  const typeField = headers.find(({ name }) => name === 'content-type')?.value ?? usual;
  const type = (/^\s*([^\s;]+)/.exec(typeField)?.[1] ?? usual).toLowerCase();
  const encoding = (headers.find(({ name }) => name === 'content-transfer-encoding')?.value ?? '')
    .trim()
    .toLowerCase();
  const boundary = type.startsWith('multipart/') ? boundaryOf(typeField) : undefined;
  const isTooDeep = boundary !== undefined && depth >= deepest;
  // RFC 2046 §5.1.5
  const usualInside = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  const parts =
    boundary === undefined || isTooDeep
      ? []
      : partsBetween(text, bodyStart, end, boundary).map(([from, to]) =>
          parseEntity(text, from, to, depth + 1, usualInside),
        );
  return { type, encoding, headers, bodyStart, bodyEnd: end, parts, isTooDeep };
}

function readHeaders(
  text: string,
  start: number,
  end: number,
): { readonly headers: readonly HeaderField[]; readonly bodyStart: number } {
  const headers: HeaderField[] = [];
  // A byte order mark hides the first field from nobody.
  let at = text.startsWith('\u00ef\u00bb\u00bf', start) ? start + 3 : start;
  while (at < end) {
    const lineEnd = endOfLine(text, at, end);
    if (text[at] === '\n' || text[at] === '\r') return { headers, bodyStart: lineEnd };
    let to = lineEnd;
    while (to < end && (text[to] === ' ' || text[to] === '\t')) to = endOfLine(text, to, end);
    const field = text.slice(at, to);
    const [, name, value = ''] = /^([^\s:]+)[ \t]*:(.*)$/s.exec(field) ?? [];
    if (name !== undefined)
      headers.push({ name: name.toLowerCase(), value: value.replaceAll(/[\r\n]/g, ''), start: at, end: to });
    at = to;
  }
  return { headers, bodyStart: end };
}

const lineEnd = /\r\n?|\n/g;

/** A carriage return alone ends a line too: there are mail programs that read it so. */
function endOfLine(text: string, from: number, end: number): number {
  lineEnd.lastIndex = from;
  return lineEnd.test(text) ? Math.min(lineEnd.lastIndex, end) : end;
}

function boundaryOf(field: string): string | undefined {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(field) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
}

/** The places between the lines of the boundary; the line end in front of one belongs to it. */
function partsBetween(
  text: string,
  start: number,
  end: number,
  boundary: string,
): readonly (readonly [from: number, to: number])[] {
  const parts: (readonly [number, number])[] = [];
  const mark = `--${boundary}`;
  let from: number | undefined;
  for (let at = text.indexOf(mark, start); at >= 0 && at < end; at = text.indexOf(mark, at + mark.length)) {
    if (at > start && text[at - 1] !== '\n' && text[at - 1] !== '\r') continue;
    const rest = text.slice(at + mark.length, endOfLine(text, at, end));
    if (!/^(?:--)?[ \t]*\r?\n?$/.test(rest)) continue;
    if (from !== undefined) parts.push([from, Math.max(from, beforeLineEnd(text, at))]);
    if (rest.startsWith('--')) return parts;
    from = endOfLine(text, at, end);
  }
  if (from !== undefined) parts.push([from, end]);
  return parts;
}

const beforeLineEnd = (text: string, at: number): number => at - (text.slice(at - 2, at) === '\r\n' ? 2 : 1);
