/** A field of a header block, by where it stands; folded lines are part of it. */
export interface HeaderField {
  /** In small letters. */
  readonly name: string;
  /** Behind the colon, to before the end of its last line. */
  readonly from: number;
  readonly to: number;
}

export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** Where the body begins: behind the empty line; where there is none, at the first line that is no header. */
  readonly body: number;
}

const fieldName = /^([!-9;-~]{1,200})[ \t]{0,50}:/;

/**
 * The header block that begins here (RFC 5322 §2.2), with lines that end in CRLF or LF; a line `From …`, as mbox has,
 * may stand before it.
 */
export function headerBlock(text: string): HeaderBlock {
  const fields: { name: string; from: number; to: number }[] = [];
  let at = text.startsWith('From ') ? lineEnd(text, 0).next : 0;
  while (at < text.length) {
    const { content, next } = lineEnd(text, at);
    const last = fields.at(-1);
    const isFolded = text[at] === ' ' || text[at] === '\t';
    const match = isFolded ? null : fieldName.exec(text.slice(at, Math.min(content, at + 256)));
    if (isFolded && last !== undefined) last.to = content;
    else if (match !== null) {
      fields.push({ name: (match[1] ?? '').toLowerCase(), from: at + match[0].length, to: content });
    } else break;
    at = next;
  }
  if (fields.length === 0) return { fields, body: 0 };
  const { content, next } = lineEnd(text, at);
  return { fields, body: content === at ? next : at };
}

/** Where a line's content ends and the next line begins. */
export function lineEnd(text: string, from: number): { readonly content: number; readonly next: number } {
  const newline = text.indexOf('\n', from);
  if (newline < 0) return { content: text.length, next: text.length };
  return { content: text[newline - 1] === '\r' && newline > from ? newline - 1 : newline, next: newline + 1 };
}
