import { lineEnd } from './header-fields.ts';

/** A piece of the body of a multipart, by where it stands. */
export interface Piece {
  /** `around`: delimiters, and what stands before the first and behind the last part. */
  readonly kind: 'part' | 'around';
  readonly from: number;
  readonly to: number;
}

/** The pieces of a multipart's body (RFC 2046 §5.1.1), in order; together they are all of it. */
export function pieces(body: string, boundary: string): readonly Piece[] {
  const found: Piece[] = [];
  const delimiter = `--${boundary}`;
  let from = 0;
  let kind: Piece['kind'] = 'around';
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== '\n') continue;
    const { content, next } = lineEnd(body, at);
    const rest = body.slice(at + delimiter.length, Math.min(content, at + delimiter.length + 80)).trimEnd();
    if (rest !== '' && rest !== '--') continue;
    // The end of the line before a delimiter belongs to the delimiter.
    const end = kind === 'part' ? beforeEnd(body, from, at) : at;
    found.push({ kind, from, to: end }, { kind: 'around', from: end, to: next });
    from = next;
    kind = rest === '--' ? 'around' : 'part';
  }
  return [...found, { kind, from, to: body.length }];
}

function beforeEnd(body: string, from: number, at: number): number {
  if (at - 1 < from) return from;
  return at - 2 >= from && body[at - 2] === '\r' ? at - 2 : at - 1;
}

/** The boundary of a multipart whose header stands elsewhere: a delimiter with the header of a part behind it. */
export function boundaryOf(body: string): string | undefined {
  return /^--([^\r\n]{1,200}?)[ \t]{0,20}\r?\n(?=content-[a-z-]{1,60}:)/im.exec(body)?.[1];
}
