import { type Edit, edited, type Rewrite } from './edits.ts';

// oxlint-disable no-control-regex -- bytes are what it looks at
/** Characters up to U+00FF with the other byte of each, as bytes: little and big endian. */
const runs = [/(?:[\x01-\xff]\x00){6,99999}/g, /(?:\x00[\x01-\xff]){6,99999}/g];
// oxlint-enable no-control-regex

/** Addresses in what is written in UTF-16 between other bytes. */
export function inUtf16(text: string, redact: Rewrite): string | undefined {
  if (!text.includes('\x00')) return undefined;
  for (const [order, run] of runs.entries()) {
    const edits: Edit[] = [];
    for (const { 0: pairs, index } of text.matchAll(run)) {
      const characters = everySecond(pairs, order);
      const redacted = redact(Buffer.from(characters).toString('latin1'));
      if (redacted === undefined) continue;
      const written = Buffer.from(Buffer.from(redacted, 'latin1').toString(), 'utf16le');
      if (order === 1) written.swap16();
      edits.push({ from: index, to: index + pairs.length, text: written.toString('latin1') });
    }
    const result = edited(text, edits);
    if (result !== undefined) return result;
  }
  return undefined;
}

function everySecond(text: string, from: number): string {
  let result = '';
  for (let at = from; at < text.length; at += 2) result += text[at] ?? '';
  return result;
}
