import { inBase64 } from '../base64.ts';
import { type Edit, edited, rewrittenBy } from '../edits.ts';
import { inContentLines } from '../lines/content-lines.ts';
import { type Replacing, replaced, tokensReplaced } from '../replacing.ts';
import { inAddressList } from './address-list.ts';
import { contentType } from './content-type.ts';
import { inEncodedWords } from './encoded-words.ts';
import { headerBlock } from './header-fields.ts';
import { boundaryOf, pieces } from './multipart.ts';
import { inQuotedPrintable } from './quoted-printable.ts';

/** Fields that are lists of addresses (RFC 5322 §3.6 and what mail systems add). */
const addressFields =
  /^(?:resent-)?(?:from|sender|reply-to|to|cc|bcc)$|^(?:return-path|delivered-to|envelope-to|errors-to|apparently-to|disposition-notification-to|return-receipt-to|mail-followup-to|mail-reply-to|x-(?:original|forwarded|envelope)-(?:to|from))$/;

/** More than mail has that somebody wrote; what lies deeper is treated as text. */
const deepest = 30;

/**
 * A message, its header block or its body (RFC 5322, MIME): addresses of the persons in its fields and in every part that
 * is text, in whatever transfer encoding. Parts that hold none stay byte for byte, and so do parts that are no text
 * (pictures, archives). Signatures over what changes (DKIM, OpenPGP, S/MIME) break. Never throws: what is malformed is
 * treated as text.
 */
export function inMessage(text: string, replacing: Replacing): string | undefined {
  return rewrittenBy(text, [
    (message) =>
      isMessageInBase64(message)
        ? inBase64(message, (inner) => inMessage(inner, replacing))
        : (inBareLines(message, replacing) ??
          inEntity(message, replacing, { depth: 0, usual: 'text/plain' })),
    // What goes over the end of one piece into the next; not what is encoded in parts that are no text.
    (message) => tokensReplaced(replacing, message),
  ]);
}

/** Two fields of a header, or an mbox's line before them. */
const messageBegins =
  /^(?:From [^\r\n]*\r?\n)?(?:[A-Za-z][A-Za-z\d-]{0,60}:[ \t][^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}/;

/** Whether it is a whole message in base64, as some stores keep all of them. */
export function isMessageInBase64(text: string): boolean {
  const start = text.slice(0, 8000).replaceAll(/[ \t\r\n]/g, '');
  if (!/^[A-Za-z\d+/]{40,}={0,2}$/.test(start)) return false;
  return messageBegins.test(Buffer.from(start, 'base64').toString('latin1'));
}

/** Of a calendar or a card. */
const linesBegin = /^\s{0,9}(?:\xef\xbb\xbf)?BEGIN:V(?:CALENDAR|CARD)[ \t]{0,9}\r?\n/i;
/** The same in base64, with and without the byte order mark of UTF-8. */
const linesBeginInBase64 = /^\s{0,9}(?:77u\/)?QkVHSU46VkN/;

/** A part that is kept apart from its header, as some stores keep all of them: how it begins tells what it is. */
function inBareLines(text: string, replacing: Replacing): string | undefined {
  const inContent = (content: string) => inContentLines(content, replacing);
  if (linesBeginInBase64.test(text)) return inBase64(text, inContent);
  if (!linesBegin.test(text)) return undefined;
  return /=(?:3D|[ \t]{0,80}\r?\n)/i.test(text) ? inQuotedPrintable(text, inContent) : inContent(text);
}

interface Place {
  readonly depth: number;
  /** The type of what has no header of its own. */
  readonly usual: string;
}

function inEntity(text: string, replacing: Replacing, place: Place): string | undefined {
  if (place.depth > deepest) return replaced(replacing, text);
  const block = headerBlock(text);
  const edits: Edit[] = [];
  const lead = text.slice(0, block.fields[0]?.from ?? 0);
  const newLead = replaced(replacing, lead);
  if (newLead !== undefined) edits.push({ from: 0, to: lead.length, text: newLead });
  for (const { name, from, to } of block.fields) {
    const value = text.slice(from, to);
    const rewritten = addressFields.test(name)
      ? inAddressList(value, replacing)
      : rewrittenBy(value, [
          (field) => inEncodedWords(field, replacing),
          (field) => replaced(replacing, field),
        ]);
    if (rewritten !== undefined) edits.push({ from, to, text: rewritten });
  }
  const rewritten = inBody(text.slice(block.body), contentType(text, block, place.usual), replacing, place);
  if (rewritten !== undefined) edits.push({ from: block.body, to: text.length, text: rewritten });
  return edited(text, edits);
}

function inBody(
  body: string,
  { type, boundary, encoding, isTold }: ReturnType<typeof contentType>,
  replacing: Replacing,
  { depth }: Place,
): string | undefined {
  const told = isTold ? boundary : boundaryOf(body);
  if (told !== undefined && (type.startsWith('multipart/') || !isTold)) {
    const usual = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
    const edits = pieces(body, told).flatMap(({ kind, from, to }): readonly Edit[] => {
      const piece = body.slice(from, to);
      const rewritten =
        kind === 'part'
          ? inEntity(piece, replacing, { depth: depth + 1, usual })
          : replaced(replacing, piece);
      return rewritten === undefined ? [] : [{ from, to, text: rewritten }];
    });
    return edited(body, edits);
  }
  const inContent = (content: string): string | undefined => {
    if (/^message\/(?:rfc822|global|news)$|^text\/rfc822-headers$/.test(type)) {
      return inEntity(content, replacing, { depth: depth + 1, usual: 'text/plain' });
    }
    if (/^text\/(?:calendar|(?:x-)?vcard|directory)$/.test(type)) return inContentLines(content, replacing);
    return isText(type, content) ? replaced(replacing, content) : undefined;
  };
  if (encoding === 'base64') return inBase64(body, inContent);
  if (encoding === 'quoted-printable') return inQuotedPrintable(body, inContent);
  return inContent(body);
}

/** Control characters that no text has: what holds them is no text, unless it says so. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const binary = /[\x00-\x08\x0e-\x1a\x1c-\x1f]/;

const isText = (type: string, content: string): boolean =>
  /^(?:text|multipart|message)\//.test(type) || !binary.test(content);
