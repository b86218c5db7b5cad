/** Which of the characters up to U+00FF these are. */
export const characterTable = (pattern: RegExp): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));

export interface Run {
  readonly from: number;
  readonly to: number;
}

/**
 * Every longest run of these characters in a text of bytes. No regular expression: runs of many megabytes exhaust the
 * stack of its engine.
 */
export function* characterRuns(text: string, table: Uint8Array): Generator<Run> {
  for (let at = 0; at < text.length; at += 1) {
    if (table[text.charCodeAt(at)] !== 1) continue;
    const from = at;
    while (table[text.charCodeAt(at)] === 1) at += 1;
    yield { from, to: at };
  }
}

const base64 = characterTable(/[\w+/-]/);

/** Runs of base64 with their padding, also over lines. */
export function* base64Runs(text: string): Generator<Run> {
  let held: Run | undefined;
  for (const { from, to } of characterRuns(text, base64)) {
    const end = text[to] !== '=' ? to : text[to + 1] === '=' ? to + 2 : to + 1;
    if (held !== undefined && isLineBreak(text, held.to, from)) held = { from: held.from, to: end };
    else {
      if (held !== undefined) yield held;
      held = { from, to: end };
    }
  }
  if (held !== undefined) yield held;
}

/** What is padded is at its end. */
const isLineBreak = (text: string, from: number, to: number): boolean =>
  text[from - 1] !== '=' &&
  ((to - from === 1 && text[from] === '\n') || (to - from === 2 && text.startsWith('\r\n', from)));
