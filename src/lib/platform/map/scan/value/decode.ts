import { isUtf8 } from 'node:buffer';

const base64Text = /^[A-Za-z0-9+/_-][A-Za-z0-9+/_\-\s]{6,}={0,2}\s*$/;
/** Also over the line breaks of a MIME body. */
const base64Run = /[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}/g;
const hexText = /^(?:\\x|0x)?(?:[0-9a-f]{2}){6,}$/i;
/** Runs of one value that are decoded; a value with more is a list of something else. */
const mostRuns = 64;

/** What the text holds in base64, as a whole or in parts, at whichever of the four alignments. */
export function* base64In(text: string): Iterable<Buffer> {
  const whole = wholeBase64(text);
  if (whole !== undefined) yield whole;
  let runs = 0;
  for (const [run] of text.matchAll(base64Run)) {
    runs += 1;
    if (runs > mostRuns) return;
    const characters = run.replaceAll(/\s/g, '');
    // A path or a word that ends in letters may stand right before it.
    for (let shift = 0; shift < 4; shift += 1) yield Buffer.from(characters.slice(shift), 'base64');
  }
}

/** The bytes that the whole text writes in base64; undefined when it is something else. */
export function wholeBase64(text: string): Buffer | undefined {
  return base64Text.test(text) ? Buffer.from(text.replaceAll(/\s/g, ''), 'base64') : undefined;
}

/** The bytes that the whole text writes in hexadecimal; undefined when it is something else. */
export function hexIn(text: string): Buffer | undefined {
  const value = text.trim();
  if (!hexText.test(value)) return undefined;
  return Buffer.from(value.replace(/^(?:\\x|0x)/i, ''), 'hex');
}

// oxlint-disable-next-line no-control-regex -- bytes that are no text are told by them
const controls = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/;

/** The bytes as UTF-8 text; a character that was cut off at the end is left out. Undefined when they are no text. */
export function utf8Text(bytes: Buffer): string | undefined {
  for (let cut = 0; cut <= Math.min(3, bytes.length); cut += 1) {
    const whole = bytes.subarray(0, bytes.length - cut);
    if (!isUtf8(whole)) continue;
    const text = whole.toString('utf8');
    return controls.test(text) ? undefined : text;
  }
  return undefined;
}
