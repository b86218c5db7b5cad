import { randomBytes } from 'node:crypto';
import { beginMessage, type MessageOptions } from '../../src/lib/crypto/openpgp-container.ts';
import { generateKeyPair, readRecipient, readSecretKey } from '../../src/lib/crypto/openpgp-key.ts';
import type { Recipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import type { SecretKey } from '../../src/lib/crypto/openpgp-secret-key.ts';
import type { SessionKey } from '../../src/lib/crypto/openpgp-session-key.ts';

export interface Person {
  readonly recipient: Recipient;
  readonly secret: SecretKey;
  readonly publicKey: string;
  readonly secretKey: string;
}

export async function person(name: string): Promise<Person> {
  const { publicKey, secretKey } = await generateKeyPair({
    name,
    email: `${name}@example.org`,
    purpose: 'encrypt',
  });
  const recipient = await readRecipient(publicKey, new Date());
  return { recipient, secret: await readSecretKey(secretKey), publicKey, secretKey };
}

/** A whole message, written in one piece. */
export async function seal(
  content: Uint8Array,
  recipients: readonly Recipient[],
  options: MessageOptions = {},
): Promise<Buffer> {
  const writer = await beginMessage(recipients, options);
  return Buffer.concat([...writer.write(content), ...writer.finish()]);
}

export function withByte(message: Uint8Array, offset: number, value: number): Buffer {
  const changed = Buffer.from(message);
  changed[offset] = value;
  return changed;
}

/** A packet of definite length in the new format. */
export function packet(tag: number, ...body: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(body);
  const length = Buffer.alloc(5, 0xff);
  length.writeUInt32BE(content.length, 1);
  return Buffer.concat([Uint8Array.of(0xc0 | tag), length, content]);
}

/** Two people, a message for both, and somebody whom it is not for. */
export interface MessageForTwo {
  readonly operations: Person;
  readonly offline: Person;
  readonly stranger: Person;
  readonly recipients: readonly Recipient[];
  readonly message: Buffer;
}

export async function messageForTwo(content: Uint8Array): Promise<MessageForTwo> {
  const [operations, offline, stranger] = await Promise.all([
    person('operations'),
    person('offline'),
    person('stranger'),
  ]);
  const recipients = [operations.recipient, offline.recipient];
  return { operations, offline, stranger, recipients, message: await seal(content, recipients) };
}

/** A key for AES-256. */
export const aSessionKey = (): SessionKey => ({ algorithm: 9, bytes: randomBytes(32) });

/** The bytes of the session key packets, which have one octet of length each here. */
export function headEnd(of: Uint8Array): number {
  const second = 2 + (of[1] as number);
  return second + 2 + (of[second + 1] as number);
}
