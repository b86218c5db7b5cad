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
  if (replacing.names === 'kept' || replacing.addresses.isEmpty || !list.includes('@')) return undefined;
  const edits: Edit[] = [];
  for (const box of mailboxes(list)) {
    if (isTheirs(list, box, replacing)) {
      const address = Buffer.from(replacing.placeholder).toString('latin1');
      edits.push({ from: box.from, to: box.to, text: box.angle === undefined ? address : `<${address}>` });
    }
  }
  return edited(list, edits);
}

/** With the name before it. */
const longestMailbox = 1000;

function isTheirs(list: string, { from, to, angle, address }: Mailbox, { addresses }: Replacing): boolean {
  if (address !== undefined) {
    const isOwn = addresses.localsAt(decodedBytes(address.domain));
    if (isOwn?.(decodedBytes(address.local)) === true) return true;
  }
  if (angle !== undefined) return false;
  // A name and an address with nothing between them but white space.
  if (to - from > longestMailbox) return false;
  const own = list.slice(from, to);
  const [found, ...more] = [...foundAddresses(own, addresses)];
  if (found === undefined || more.length > 0 || found.to < own.length) return false;
  return found.from === 0 || ' \t\r\n'.includes(own[found.from - 1] ?? '');
}
