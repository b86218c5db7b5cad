import { type Edit, edited } from '../edits.ts';

/** RFC 5545 §3.1, RFC 6350 §3.2: octets. */
const longestLine = 75;

/** A content line of a calendar or card, which may be folded over several. */
export interface ContentLine {
  readonly from: number;
  /** To before its end. */
  readonly to: number;
  /** Unfolded. */
  readonly content: string;
  /** Where it was folded: before which place of `content`, and with how many characters. */
  readonly folds: readonly { readonly at: number; readonly length: number }[];
}

/** The lines of a text, unfolded; also those that quoted-printable folds, in cards of version 2.1. */
export function* contentLines(text: string): Generator<ContentLine> {
  for (let from = 0; from < text.length; ) {
    const parts: string[] = [];
    const folds: { at: number; length: number }[] = [];
    let length = 0;
    let isQuoted = false;
    let at = from;
    for (;;) {
      const newline = text.indexOf('\n', at);
      const next = newline < 0 ? text.length : newline + 1;
      const end = newline < 0 ? text.length : newline - (newline > at && text[newline - 1] === '\r' ? 1 : 0);
      const part = text.slice(at, end);
      if (parts.length === 0) isQuoted = /^[^:]{0,500};(?:encoding=)?quoted-printable[;:]/i.test(part);
      const isSoft = isQuoted && part.endsWith('=') && next < text.length;
      const isFolded = !isSoft && (text[next] === ' ' || text[next] === '\t');
      parts.push(isSoft ? part.slice(0, -1) : part);
      length += part.length - (isSoft ? 1 : 0);
      if (!isSoft && !isFolded) {
        yield { from, to: end, content: parts.join(''), folds };
        from = next;
        break;
      }
      at = isSoft ? next : next + 1;
      folds.push({ at: length, length: at - end + (isSoft ? 1 : 0) });
    }
  }
}

/** These edits of what a line says, done to the line as it is written: folded where it was, and where it is too long now. */
export function writtenEdit(text: string, line: ContentLine, edits: readonly Edit[]): Edit {
  const raw = text.slice(line.from, line.to);
  let fold = 0;
  let before = 0;
  const place = (at: number): number => {
    for (let next = line.folds[fold]; next !== undefined && next.at <= at; next = line.folds[fold]) {
      before += next.length;
      fold += 1;
    }
    return at + before;
  };
  const mapped = edits.map((edit) => {
    const from = place(edit.from);
    return { from, to: edit.to === edit.from ? from : place(edit.to - 1) + 1, text: edit.text };
  });
  const end = text.startsWith('\r\n', line.to) || raw.includes('\r\n') ? '\r\n' : '\n';
  const rewritten = (edited(raw, mapped) ?? raw).split(end);
  // Whoever writes longer lines than that does not fold.
  const isFolded = raw.split(end).every(({ length }) => length <= longestLine);
  return {
    from: line.from,
    to: line.to,
    text: rewritten
      .map((part) => (isFolded && part.length > longestLine ? folded(part, `${end} `) : part))
      .join(end),
  };
}

/** Never within a character of UTF-8. */
function folded(line: string, fold: string): string {
  const parts: string[] = [];
  let from = 0;
  let room = longestLine;
  while (line.length - from > room) {
    let to = from + room;
    while (to > from + 1 && /[\x80-\xbf]/.test(line[to] ?? '')) to -= 1;
    parts.push(line.slice(from, to));
    from = to;
    room = longestLine - 1;
  }
  return [...parts, line.slice(from)].join(fold);
}
