import { type Attachment, attachmentsOf } from './attachment.ts';
import {
  dateText,
  type EncodedPart,
  encodedText,
  encodePart,
  type HeaderField,
  headerBlock,
  mailboxText,
  multipart,
} from './mime.ts';
import { type Account, accountAt, contactPerson, type Person, personAt } from './person.ts';
import { mix, type Random, randomFor } from './random.ts';
import { type Thread, threadOf } from './thread.ts';
import { momentOf, type World } from './world.ts';

/** One message as the platform holds it: once for the account in whose mailbox it lies. */
export interface Message {
  readonly id: number;
  readonly account: Account;
  readonly mailboxId: number;
  readonly thread: Thread;
  readonly direction: 'inbound' | 'outbound';
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly sender: Correspondent;
  readonly to: readonly Correspondent[];
  readonly cc: readonly Correspondent[];
  readonly subject: string;
  /** The header block, CRLF, without the empty line after it. */
  readonly headers: string;
  /** The body as it travels, CRLF. Headers, an empty line and this are the whole RFC 5322 message. */
  readonly body: string;
  readonly attachments: readonly Attachment[];
  readonly random: Random;
}

interface Correspondent {
  readonly name: string;
  readonly email: string;
}

/** Whether the message's body and attachments lie in the object store. */
export function isInObjectStore({ counts }: World, index: number): boolean {
  return index % counts.objectStride === 3;
}

/** The whole message as it travels. */
export function rawMessage({ headers, body }: Pick<Message, 'headers' | 'body'>): string {
  return `${headers}\r\n${body}`;
}

/** The message with this index, from 0: any one can be made alone, in any order. */
export function messageAt(world: World, index: number): Message {
  const thread = threadOf(world, index);
  const random = randomFor(world.seed, 'message', index);
  const account = accountAt(world, thread.accountIndex);
  const position = index - thread.start;
  const direction = (position + thread.parity) % 2 === 0 ? 'inbound' : 'outbound';
  const outside = personAt(world, contactPerson(world, thread.accountIndex, thread.contactSlot));
  const [sender, first] = direction === 'inbound' ? [outside, account] : [account, outside];
  const others = otherRecipients(world, thread, random);
  const to = [
    { name: first.name, email: spelling(first.email, random) },
    ...others.slice(0, thread.others >> 1),
  ];
  const cc = others.slice(thread.others >> 1);
  const sentAt = momentOf(index, world.counts.messages, random.bits());
  const subject = position === 0 ? thread.subject : `Re: ${thread.subject}`;
  const attachments = isInObjectStore(world, index) ? attachmentsOf(world, account.tenantId, index) : [];
  const content = encodeContent(
    text(world, index, { sender, first, position, random }),
    attachments,
    index,
    random,
  );
  const fields = transportFields({ account, direction, sender, random, sentAt });
  const ownFields = authorFields({ world, index, thread, sender, to, cc, subject, sentAt, random });
  return {
    id: index + 1,
    account,
    thread,
    direction,
    sentAt,
    sender,
    to,
    cc,
    subject,
    attachments,
    random,
    mailboxId: mailboxOf(world, thread.accountIndex, direction, random),
    headers: headerBlock([...fields, ...ownFields, ...content.fields]),
    body: content.body,
  };
}

/** Slots: inbox, sent, archive, junk, trash. */
function mailboxOf({ counts }: World, accountIndex: number, direction: string, random: Random): number {
  const chosen = random.below(100);
  const slot = direction === 'outbound' ? 1 : chosen < 55 ? 0 : chosen < 85 ? 2 : chosen < 95 ? 3 : 4;
  return accountIndex * counts.mailboxesPerAccount + slot + 1;
}

function otherRecipients(world: World, thread: Thread, random: Random): readonly Correspondent[] {
  const others: Correspondent[] = [];
  for (let slot = 0; slot < thread.others; slot += 1) {
    const isColleague = random.chance(30);
    const index = isColleague ? random.below(world.counts.accounts) : 0;
    const person: Person | Account = isColleague
      ? accountAt(world, index)
      : personAt(world, contactPerson(world, thread.accountIndex, (thread.contactSlot + slot + 1) & 7));
    others.push({ name: person.name, email: spelling(person.email, random) });
  }
  return others;
}

/** People write the same address in several ways: capital letters, a tag after a plus sign. */
function spelling(email: string, random: Random): string {
  const kind = random.bits() & 31;
  if (kind === 0) return email.charAt(0).toUpperCase() + email.slice(1);
  if (kind === 1) return email.replace('@', '+lists@');
  return email;
}

interface TextOptions {
  readonly sender: Correspondent;
  readonly first: Correspondent;
  readonly position: number;
  readonly random: Random;
}

function text(
  { seed, prose }: World,
  index: number,
  { sender, first, position, random }: TextOptions,
): string {
  const size = random.below(100);
  const paragraphs = size < 45 ? 1 : size < 82 ? 3 : 6 + random.below(7);
  let body = `${random.pick(greetings)} ${givenName(first)},\r\n\r\n${lead(prose.sentence(randomFor(seed, 'lead', index)))}`;
  for (let count = 0; count < paragraphs; count += 1) {
    body += `\r\n${prose.paragraph(random, 2 + random.below(4))}`;
  }
  body += `\r\n${random.pick(closings)}\r\n${sender.name}\r\n`;
  if (position === 0) return body;
  const quoted = lead(prose.sentence(randomFor(seed, 'lead', index - 1)), '> ');
  return `${body}\r\n${givenName(first)} wrote:\r\n${quoted}`;
}

/** A sentence that the next message of the thread quotes. */
function lead(sentence: string, prefix = ''): string {
  const middle = sentence.indexOf(' ', 66);
  return middle === -1
    ? `${prefix}${sentence}\r\n`
    : `${prefix}${sentence.slice(0, middle)}\r\n${prefix}${sentence.slice(middle + 1)}\r\n`;
}

const greetings = ['Hi', 'Hello', 'Dear', 'Good morning', 'Hey'];
const closings = ['Best regards', 'Thanks', 'Kind regards', 'Cheers', 'Viele Grüße', 'Many thanks'];

function givenName({ name }: Correspondent): string {
  return name.slice(0, name.indexOf(' '));
}

function encodeContent(
  plain: string,
  attachments: readonly Attachment[],
  index: number,
  random: Random,
): EncodedPart {
  const textPart = encodePart({ contentType: 'text/plain', content: plain });
  const boundary = `=_${random.bits().toString(36)}.${index}`;
  const body = random.chance(8)
    ? multipart('alternative', `${boundary}.alt`, [
        textPart,
        encodePart({ contentType: 'text/html', content: html(plain) }),
      ])
    : textPart;
  return attachments.length === 0
    ? body
    : multipart('mixed', boundary, [body, ...attachments.map(encodePart)]);
}

function html(plain: string): string {
  const escaped = plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<html><body>\r\n<p>${escaped.replaceAll('\r\n\r\n', '</p>\r\n<p>')}</p>\r\n</body></html>\r\n`;
}

interface TransportOptions {
  readonly account: Account;
  readonly direction: 'inbound' | 'outbound';
  readonly sender: Correspondent;
  readonly random: Random;
  readonly sentAt: number;
}

function transportFields({
  account,
  direction,
  sender,
  random,
  sentAt,
}: TransportOptions): readonly HeaderField[] {
  const senderDomain = sender.email.slice(sender.email.indexOf('@') + 1);
  const received: HeaderField = [
    'Received',
    `from mx${random.below(4)}.${senderDomain} (mx.${senderDomain} [192.0.2.${random.below(256)}]) ` +
      `by in${random.below(8)}.postern-sandbox.example with ESMTPS id ${random.bits().toString(36).toUpperCase()} ` +
      `for <${account.email}>; ${dateText(sentAt + 2_000, 0)}`,
  ];
  const signature: HeaderField = [
    'DKIM-Signature',
    `v=1; a=rsa-sha256; c=relaxed/relaxed; d=${senderDomain}; s=s2024; h=from:to:subject:date; ` +
      `bh=${pseudoBase64(random, 10)}=; b=${pseudoBase64(random, 15)} ${pseudoBase64(random, 15)}=`,
  ];
  return direction === 'inbound' ? [['Return-Path', `<${sender.email}>`], received, signature] : [signature];
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.split('');
const digitPairs = base64Digits.flatMap((first) => base64Digits.map((second) => first + second));

/** Four characters a draw: signatures do not compress, and mail is full of them. */
function pseudoBase64(random: Random, draws: number): string {
  let text = '';
  for (let index = 0; index < draws; index += 1) {
    const bits = random.bits();
    text += (digitPairs[bits & 4095] as string) + (digitPairs[(bits >>> 12) & 4095] as string);
  }
  return text;
}

interface AuthorOptions {
  readonly world: World;
  readonly index: number;
  readonly thread: Thread;
  readonly sender: Correspondent;
  readonly to: readonly Correspondent[];
  readonly cc: readonly Correspondent[];
  readonly subject: string;
  readonly sentAt: number;
  readonly random: Random;
}

function authorFields({
  world,
  index,
  thread,
  sender,
  to,
  cc,
  subject,
  sentAt,
  random,
}: AuthorOptions): HeaderField[] {
  const fields: HeaderField[] = [
    ['Date', dateText(sentAt, (random.bits() % 13) - 5)],
    ['From', mailboxText(sender.name, sender.email)],
    ['To', addressList(to)],
  ];
  if (cc.length > 0) fields.push(['Cc', addressList(cc)]);
  fields.push(['Subject', encodedText(subject)], ['Message-ID', messageId(world, index)]);
  if (index > thread.start) {
    const references: string[] = [];
    for (let earlier = thread.start; earlier < index; earlier += 1)
      references.push(messageId(world, earlier));
    fields.push(['In-Reply-To', messageId(world, index - 1)], ['References', references.join(' ')]);
  }
  fields.push(['MIME-Version', '1.0']);
  return fields;
}

function addressList(people: readonly Correspondent[]): string {
  return people.map(({ name, email }) => mailboxText(name, email)).join(', ');
}

/** `<…@…>`, from the seed and the message's number alone. */
export function messageId({ seed }: World, index: number): string {
  return `<${mix(seed, index).toString(16)}.${index + 1}@postern-sandbox.example>`;
}
