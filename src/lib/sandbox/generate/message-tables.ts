import type { CopyValue } from './copy-encoder.ts';
import { isInObjectStore, type Message, messageAt, rawMessage } from './message.ts';
import { rowsOf, type TableData } from './table.ts';
import type { World } from './world.ts';

const messageColumns: TableData['columns'] = {
  id: 'int8',
  tenant_id: 'int4',
  mailbox_id: 'int8',
  thread_id: 'int8',
  direction: 'ascii',
  sent_at: 'timestamptz',
  sender_ref: 'ascii',
  to_addrs: 'text[]',
  cc_addrs: 'text[]',
  subject: 'text',
  headers: 'ascii',
  body: 'ascii',
  raw_key: 'ascii',
  size_bytes: 'int4',
  is_seen: 'bool',
  meta: 'jsonb',
};

/** All messages. */
export function messageTable(world: World): TableData {
  return {
    table: 'mail.messages',
    columns: messageColumns,
    rows: () => rowsOf(world.counts.messages, (index) => messageRow(world, index, messageAt(world, index))),
  };
}

function messageRow(world: World, index: number, message: Message): readonly CopyValue[] {
  const {
    id,
    account,
    mailboxId,
    thread,
    direction,
    sentAt,
    sender,
    to,
    cc,
    subject,
    headers,
    body,
    random,
  } = message;
  const isStored = isInObjectStore(world, index);
  return [
    id,
    account.tenantId,
    mailboxId,
    thread.start + 1,
    direction,
    sentAt,
    sender.email,
    to.map(({ email }) => email),
    cc.map(({ email }) => email),
    subject,
    headers,
    isStored ? null : body,
    isStored ? rawKey(message) : null,
    headers.length + 2 + body.length,
    random.chance(85),
    meta(message),
  ];
}

/** Key of a whole message in the object store `mail`. */
export function rawKey({ id, account }: Message): string {
  return `raw/${account.tenantId}/${id}.eml`;
}

/** F-S01: every recipient once more, inside JSON. */
function meta({ to, cc, random }: Message): string {
  const rcpt = [...to, ...cc].map(({ email }) => ({ addr: email, status: '250' }));
  return JSON.stringify({
    rcpt,
    spf: 'pass',
    dkim: random.chance(97) ? 'pass' : 'fail',
    ip: `192.0.2.${random.below(256)}`,
  });
}

/** The attachments of the messages in the object store; their numbers follow from the message's. */
export function attachmentTable(world: World): TableData {
  return {
    table: 'mail.attachments',
    columns: {
      id: 'int8',
      tenant_id: 'int4',
      message_id: 'int8',
      filename: 'text',
      content_type: 'text',
      size_bytes: 'int4',
      sha256: 'text',
      object_key: 'text',
    },
    *rows() {
      for (const { id, account, attachments } of storedMessages(world)) {
        for (const [
          position,
          { filename, contentType, content, sha256, objectKey },
        ] of attachments.entries()) {
          yield [
            id * 4 + position,
            account.tenantId,
            id,
            filename,
            contentType,
            content.length,
            sha256,
            objectKey,
          ];
        }
      }
    },
  };
}

/** F-S08: every 500th message lies once more in the queue, whole. */
export function inboundQueueTable(world: World): TableData {
  return {
    table: 'mail.inbound_queue',
    columns: { id: 'int8', received_at: 'timestamptz', raw: 'bytea' },
    rows: () =>
      rowsOf(Math.ceil(world.counts.messages / 500), (position) => {
        const message = messageAt(world, position * 500);
        return [position + 1, message.sentAt, Buffer.from(rawMessage(message), 'latin1')];
      }),
  };
}

/** The messages whose body and attachments lie in the object store. */
export function* storedMessages(world: World): Generator<Message> {
  for (let index = 3; index < world.counts.messages; index += world.counts.objectStride)
    yield messageAt(world, index);
}
