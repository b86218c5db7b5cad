import { isUtf8 } from 'node:buffer';
import { type AddressDigest, digestOf } from './address-digests.ts';
import { encodedAs, inLinesOf } from './base64.ts';
import { base64Runs, characterRuns, characterTable } from './character-runs.ts';
import { type Edit, edited, type Rewrite, rewrittenBy } from './edits.ts';

/** How what is found in something encoded is replaced. */
export interface RunRedaction {
  readonly inText: Rewrite;
  /** Which address hashes are theirs. */
  readonly digests: ReadonlyMap<string, AddressDigest>;
  readonly placeholder: string;
}

const hexDigits = characterTable(/[\da-f]/i);
/** As characters of base64, the shortest that holds an address: `a@b.de`. */
const shortest = 8;
/** Characters that a URL may have in one piece; what is longer is a content. */
const longestPath = 8192;
/** Where base64 has an `@`, or `%40` and `&#64;` as links and pages have it, at each of the three places in a group. */
const atInBase64 =
  /Q[A-P]|[EUk0][A-D]|[BFJNRVZdhlptx159]A|JTQw|[CSiy]U0[\r\n]{0,2}M[A-P]|l[\r\n]{0,2}ND[A-D]|JiM2ND|Yj[\r\n]{0,2}NjQ7|m[\r\n]{0,2}IzY0/;

/**
 * Addresses within base64, base64url and hexadecimal anywhere in a text, and their hashes (MD5, SHA-1, SHA-256 of an address in
 * small letters), in whose place the placeholder's stands. Takes time linear in the text.
 */
export function runEdits(text: string, redaction: RunRedaction): readonly Edit[] {
  const edits: Edit[] = [];
  for (const { from: start, to: end } of base64Runs(text)) {
    if (end - start < shortest) continue;
    for (const { from, to, text: written } of inRun(text.slice(start, end), redaction)) {
      edits.push({ from: start + from, to: start + to, text: written });
    }
  }
  return edits;
}

function inRun(run: string, redaction: RunRedaction): readonly Edit[] {
  const whole = runRewritten(run, redaction);
  if (whole !== undefined) return [{ from: 0, to: run.length, text: whole }];
  if (!run.includes('\n')) return [];
  // Lines that only stand below each other, or before those of a content.
  const blocks = blocksOf(run);
  if (blocks.length === 1) return [];
  const edits: Edit[] = [];
  let from = 0;
  for (const block of blocks) {
    const content = block.trimEnd();
    const rewritten = content.length < shortest ? undefined : runRewritten(content, redaction);
    if (rewritten !== undefined) edits.push({ from, to: from + content.length, text: rewritten });
    from += block.length;
  }
  return edits;
}

/** As long as lines of a content are at least (RFC 4648 §3.1: 64 or 76 characters). */
const shortestLine = 60;

/**
 * Lines of a run; those of one content together. Such a line alone may begin within the address of somebody else: one that
 * ends with `jo`, and one that begins with `ann@example.org`.
 */
function blocksOf(run: string): readonly string[] {
  const blocks: string[] = [];
  /** Of the lines of a content that goes on. */
  let width = 0;
  for (const line of run.split(/(?<=\n)/)) {
    const { length } = line.trimEnd();
    const goesOn = width > 0 && length <= width;
    blocks.push(goesOn ? (blocks.pop() ?? '') + line : line);
    const isFull = goesOn ? length === width : length >= shortestLine && length % 4 === 0;
    width = isFull ? length : 0;
  }
  return blocks;
}

function runRewritten(run: string, redaction: RunRedaction): string | undefined {
  return (
    digestRewritten(run, redaction) ??
    digestsRewritten(run, redaction) ??
    hexRewritten(run, redaction) ??
    base64Rewritten(run, redaction.inText)
  );
}

function digestRewritten(run: string, { digests, placeholder }: RunRedaction): string | undefined {
  if (run.length > 66) return undefined;
  const body = run.replace(/={1,2}$/, '');
  const padding = run.slice(body.length);
  const digest = digests.get(body) ?? digests.get(body.toLowerCase());
  if (digest === undefined) return undefined;
  const written = digestOf(placeholder.toLowerCase(), digest);
  return (
    (digest.encoding === 'hex' && body !== body.toLowerCase() ? written.toUpperCase() : written) + padding
  );
}

const hexDigest = /(?<![\da-f])(?:[\da-f]{32}|[\da-f]{40}|[\da-f]{64})(?![\da-f])/gi;

/** Hashes in hexadecimal behind slashes, as in the address of a picture. */
function digestsRewritten(run: string, redaction: RunRedaction): string | undefined {
  const edits = [...run.matchAll(hexDigest)].flatMap(({ 0: digits, index }): readonly Edit[] => {
    const text = digestRewritten(digits, redaction);
    return text === undefined ? [] : [{ from: index, to: index + digits.length, text }];
  });
  return edited(run, edits);
}

/** Hexadecimal digits may be all of a run, or behind `\x`. */
function hexRewritten(run: string, { inText }: RunRedaction): string | undefined {
  if (!run.includes('40')) return undefined;
  const edits: Edit[] = [];
  for (const { from, to } of characterRuns(run, hexDigits)) {
    const digits = run.slice(from, to);
    if (!digits.includes('40')) continue;
    for (const shift of [0, 1]) {
      const body = digits.slice(shift, digits.length - ((digits.length - shift) % 2));
      const redacted = inText(Buffer.from(body, 'hex').toString('latin1'));
      if (redacted === undefined) continue;
      const hex = Buffer.from(redacted, 'latin1').toString('hex');
      const written = digits === digits.toUpperCase() ? hex.toUpperCase() : hex;
      edits.push({ from: from + shift, to: from + shift + body.length, text: written });
      break;
    }
  }
  return edited(run, edits);
}

/** The group of four in which it begins may be any. */
function base64Rewritten(run: string, inText: Rewrite): string | undefined {
  if (!atInBase64.test(run)) return undefined;
  const shifted = [0, 1, 2, 3].map((shift) => (body: string) => base64At(body, shift, inText));
  const separators = run.length > longestPath ? [] : [/(\/)/, /([/_-])/];
  const separated = separators.map((by) => (body: string) => base64Between(body, by, inText));
  const rewritten = rewrittenBy(run.replaceAll(/[\r\n]/g, ''), [...shifted, ...separated]);
  return rewritten === undefined ? undefined : inLinesOf(run, rewritten);
}

/**
 * What stands before the first group may be no base64: `…/unsubscribe/YW5u…`. Read as such, it would be bytes before the
 * address, of which nobody knows whether they belong to it; where they read as text, they do.
 */
function base64Between(body: string, separators: RegExp, inText: Rewrite): string | undefined {
  let at = 0;
  const parts = body.split(separators).map((part) => {
    const from = at;
    at += part.length;
    if (from === 0 || part.length < shortest || !atInBase64.test(part) || isTextBefore(body, from))
      return part;
    return base64At(part, 0, inText) ?? part;
  });
  const rewritten = parts.join('');
  return rewritten === body ? undefined : rewritten;
}

/** Whether the groups before this place read as text. */
function isTextBefore(body: string, at: number): boolean {
  const groups = body.slice(Math.max(at % 4, at - 64), at);
  // Where it is cut, a character may be.
  const bytes = Buffer.from(groups, 'base64')
    .toString('latin1')
    .replace(/^[\u0080-\u00bf]{0,3}/, '');
  return isUtf8(Buffer.from(bytes, 'latin1'));
}

function base64At(body: string, shift: number, inText: Rewrite): string | undefined {
  // One character of a group says nothing.
  const end = !body.endsWith('=') && (body.length - shift) % 4 === 1 ? body.length - 1 : body.length;
  const groups = body.slice(shift, end);
  const redacted = inText(Buffer.from(groups, 'base64').toString('latin1'));
  if (redacted === undefined) return undefined;
  return body.slice(0, shift) + encodedAs(groups, redacted) + body.slice(end);
}
