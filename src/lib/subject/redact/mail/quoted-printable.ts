import type { Rewrite } from '../edits.ts';

/** RFC 2045 §6.7 (5). */
const longestLine = 76;

/** A line of the content, and how it is written: over several lines where soft breaks join them. */
interface WrittenLine {
  readonly written: string;
  /** With its end. */
  readonly content: string;
}

/** Redacts what is encoded in quoted-printable (RFC 2045 §6.7). Lines in which nothing changes stay as they are written. */
export function inQuotedPrintable(text: string, redact: Rewrite): string | undefined {
  const before = writtenLines(text);
  const redacted = redact(before.map(({ content }) => content).join(''));
  if (redacted === undefined) return undefined;
  const after = redacted.split(/(?<=\n)/);
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head]?.content === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail)?.content === after.at(-1 - tail)) tail += 1;
  const isSameCount = before.length === after.length;
  const middle = after.slice(head, after.length - tail).map((content, index) => {
    const own = isSameCount ? before[head + index] : undefined;
    return own?.content === content ? own.written : encodedLine(content);
  });
  const written = (lines: readonly WrittenLine[]) => lines.map((line) => line.written);
  return [...written(before.slice(0, head)), ...middle, ...written(before.slice(before.length - tail))].join(
    '',
  );
}

function writtenLines(text: string): readonly WrittenLine[] {
  const found: WrittenLine[] = [];
  let written = '';
  let content: string[] = [];
  for (const line of text.split(/(?<=\n)/)) {
    written += line;
    const soft = /=[ \t]{0,80}\r?\n$/.exec(line);
    content.push(decoded(soft === null ? line : line.slice(0, soft.index)));
    if (soft !== null) continue;
    found.push({ written, content: content.join('') });
    written = '';
    content = [];
  }
  return written === '' ? found : [...found, { written, content: content.join('') }];
}

const decoded = (line: string): string =>
  line.replaceAll(/=([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

function encodedLine(line: string): string {
  const [end = ''] = /\r?\n$/.exec(line) ?? [];
  const content = line
    .slice(0, line.length - end.length)
    .replaceAll(
      /[^\t -<>-~]|[ \t]$/g,
      (byte) => `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
  const lineEnd = end === '' ? '\r\n' : end;
  const lines: string[] = [];
  let rest = content;
  while (rest.length > longestLine) {
    let to = longestLine - 1;
    // Never within =XX.
    if (rest[to - 1] === '=') to -= 1;
    else if (rest[to - 2] === '=') to -= 2;
    lines.push(`${rest.slice(0, to)}=${lineEnd}`);
    rest = rest.slice(to);
  }
  return lines.join('') + rest + end;
}
