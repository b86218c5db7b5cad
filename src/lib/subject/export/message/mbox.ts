/**
 * A message as an entry of an mbox file (RFC 4155, in the variant `mboxrd`): lines end with a line feed, and one that
 * could be taken for the next message's first, quoted or not, gets a `>` in front. A line of that kind that the message
 * was stored with, in front of its header, quoted or not, is left out: with a sign in front, readers take all of the header for text.
 */
export function mboxEntry(message: Buffer): Buffer {
  const text = message
    .toString('latin1')
    .replaceAll('\r\n', '\n')
    .replace(/^>*From [^\n]*\n/, '');
  const date = /^date:[ \t]*([^\n]*)/im.exec(text.slice(0, headerEnd(text)))?.[1] ?? '';
  const quoted = text.replaceAll(/(?<![^\n])(>*From )/g, '>$1');
  const end = quoted.endsWith('\n') ? '\n' : '\n\n';
  return Buffer.from(`From MAILER-DAEMON ${mboxDate(date)}\n${quoted}${end}`, 'latin1');
}

function headerEnd(text: string): number {
  const at = text.indexOf('\n\n');
  return at < 0 ? text.length : at;
}

/** `Thu Jan  1 00:00:00 1970`, UTC; that one where the message has no date that can be read. */
function mboxDate(text: string): string {
  const parsed = new Date(text);
  const date = Number.isNaN(parsed.getTime()) ? new Date(0) : parsed;
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(date.toUTCString()) ?? [];
  return `${date.toUTCString().slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}
