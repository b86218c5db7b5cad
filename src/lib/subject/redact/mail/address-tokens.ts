/** A token of an address list (RFC 5322 §3.2, §3.4), by where it stands. */
export interface AddressToken {
  readonly kind: 'space' | 'comment' | 'quoted' | 'special' | 'atom';
  readonly from: number;
  readonly to: number;
}

/**
 * The tokens of a structured header field. Every character is in one: a quote or a bracket that nothing closes stands
 * for itself. Takes time linear in the text.
 */
export function* addressTokens(text: string): Generator<AddressToken> {
  /** Where something was not closed: nothing of its kind is behind it. */
  const unclosed = { quote: false, comment: false };
  // Some keep lists as HTML has them: the end of an entity separates nothing.
  const word =
    /[ \t\r\n]{1,9999}|[<>,:;@]|(?:&(?:#\d{1,7}|commat|#x[\da-f]{1,6}|amp|apos|plus|period|lowbar|hyphen);|[^ \t\r\n<>,:;@("]){1,9999}/iy;
  for (let at = 0; at < text.length; ) {
    let to = -1;
    let kind: AddressToken['kind'] = 'atom';
    if (text[at] === '"' && !unclosed.quote) {
      to = quotedEnd(text, at);
      unclosed.quote = to < 0;
      kind = 'quoted';
    } else if (text[at] === '(' && !unclosed.comment) {
      to = commentEnd(text, at);
      unclosed.comment = to < 0;
      kind = 'comment';
    }
    if (to < 0) {
      word.lastIndex = at;
      to = word.test(text) ? word.lastIndex : at + 1;
      kind = kindOf(text[at] ?? '');
    }
    yield { kind, from: at, to };
    at = to;
  }
}

function kindOf(first: string): AddressToken['kind'] {
  if (' \t\r\n'.includes(first)) return 'space';
  return '<>,:;@'.includes(first) ? 'special' : 'atom';
}

/** Where a quoted string ends; -1 where nothing closes it. */
function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return -1;
}

/** Comments hold comments. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '(') depth += 1;
    else if (text[at] === ')') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}
