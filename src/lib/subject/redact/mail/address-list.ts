import { decodedBytes } from '../characters.ts';
import { type Edit, edited, rewrittenBy } from '../edits.ts';
import { foundAddresses } from '../found-address.ts';
import { type Replacing, replaced } from '../replacing.ts';
import { inEncodedWords } from './encoded-words.ts';
import { type Mailbox, mailboxes } from './mailboxes.ts';

/**
 * A list of addresses, as From, To and Cc have it: the persons' become the placeholder, without the name and the comment
 * beside them; everything else stays, also the name of a group and where lines are folded.
 */
export function inAddressList(text: string, replacing: Replacing): string | undefined {
  return rewrittenBy(text, [
    (list) => inMailboxes(list, replacing),
    (list) => inEncodedWords(list, replacing),
    (list) => replaced(replacing, list),
  ]);
}

function inMailboxes(list: string, replacing: Replacing): string | undefined {
  if (replacing.names === 'kept' || replacing.addresses.isEmpty || !/[@&%=]/.test(list)) return undefined;
  if (isTrace(list)) return undefined;
  const edits: Edit[] = [];
  for (const box of mailboxes(list)) {
    if (isTheirs(list, box, replacing)) {
      const address = Buffer.from(replacing.placeholder).toString('latin1');
      edits.push({ from: box.from, to: box.to, text: box.angle === undefined ? address : `<${address}>` });
    }
  }
  return edited(list, edits);
}

/** What a server wrote (Received: RFC 5322 §3.6.7), where a column has the values of every field: `from … for` is no name. */
const isTrace = (text: string): boolean =>
  /^\s{0,9}(?:from|by)\s/i.test(text) &&
  /;\s{0,9}(?:[a-z]{3},\s{0,9})?\d{1,2}\s{1,9}[a-z]{3}\s{1,9}\d{4}\s/i.test(text);

const anySign = /@|%40|=40|&#0*64;|&#x0*40;|&commat;|\\u0040/i;
/** With the name before it. */
const longestMailbox = 1000;

function isTheirs(list: string, { from, to, angle, address }: Mailbox, { addresses }: Replacing): boolean {
  if (address !== undefined) {
    const isOwn = addresses.localsAt(decodedBytes(address.domain));
    if (isOwn?.(decodedBytes(address.local)) === true) return true;
  }
  // Written in another way between the brackets; or a name and an address with nothing between them but white space.
  if (to - from > longestMailbox) return false;
  if (angle !== undefined) {
    const inner = list.slice(angle.from, angle.to);
    const [found] = [...foundAddresses(inner, addresses)];
    return found !== undefined && found.from === 1 && found.to === inner.length - 1;
  }
  const own = list.slice(from, to);
  const [found, ...more] = [...foundAddresses(own, addresses)];
  if (found === undefined || more.length > 0 || found.to < own.length) return false;
  if (found.from === 0) return true;
  // Another address is no name: lists may have nothing but blanks between them.
  return ' \t\r\n'.includes(own[found.from - 1] ?? '') && !anySign.test(own.slice(0, found.from));
}
