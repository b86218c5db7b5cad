import { beginMessage, type MessageOptions } from '../../src/lib/crypto/openpgp-container.ts';
import { generateKeyPair, readRecipient, readSecretKey } from '../../src/lib/crypto/openpgp-key.ts';
import type { Recipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import type { SecretKey } from '../../src/lib/crypto/openpgp-secret-key.ts';

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
