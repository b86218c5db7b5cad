import { randomBytes } from 'node:crypto';
import type { Key, Subkey } from 'openpgp';
import { integrityError } from '../base/error.ts';
import { beginMessage, describeMessage, openMessage } from './openpgp-container.ts';
import { describeKey } from './openpgp-key-description.ts';
import { readRecipient, readRecipientKey } from './openpgp-recipient.ts';
import type { SecretKey } from './openpgp-secret-key.ts';
import { readWrappedSessionKey, unwrapSessionKey } from './openpgp-wrapped-session-key.ts';

/**
 * Encrypts a message as every file of a backup set is, and opens it again.
 * @returns the key id that it was encrypted for, 16 uppercase hexadecimal digits
 *
 * Throws as `readRecipient`; `integrityError`, code `'key-proof-failed'`, when it does not open as what it was.
 */
export async function proveEncryption(publicKey: string, secret: SecretKey, now: Date): Promise<string> {
  const recipient = await readRecipient(publicKey, now);
  const content = randomBytes(100);
  const writer = await beginMessage([recipient]);
  const message = Buffer.concat([...writer.write(content), ...writer.finish()]);
  const [keyId = ''] = describeMessage(message).recipientKeyIds;
  const opened = await openMessage(message, [secret]).catch((cause: unknown) => {
    throw proofFailed(keyId, cause);
  });
  if (!content.equals(opened)) throw proofFailed(keyId);
  return keyId;
}

/**
 * Wraps a session key for every encryption key of a public key whose secret the old file holds, whether it may still
 * be used or not, and has it unwrapped by the new secret key.
 * @returns the key ids that still open
 *
 * Throws `integrityError`, code `'key-proof-failed'`.
 */
export async function proveStillOpens(
  before: string | Uint8Array,
  after: SecretKey,
  now: Date,
): Promise<readonly string[]> {
  const { encryptionKeys } = await describeKey(before, now);
  const parts = (await readRecipientKey(before)).getKeys();
  const proven: string[] = [];
  for (const { keyId, hasSecret } of encryptionKeys) {
    const part = parts.find((each) => each.getKeyID().toHex().toUpperCase() === keyId);
    if (!hasSecret || part === undefined) continue;
    await requireUnwraps(part, keyId, after);
    proven.push(keyId);
  }
  return proven;
}

async function requireUnwraps(part: Key | Subkey, keyId: string, secret: SecretKey): Promise<void> {
  const sessionKey = randomBytes(32);
  const wrapped = readWrappedSessionKey(await wrapFor(part, sessionKey));
  if (wrapped === undefined) throw proofFailed(keyId);
  const found = await unwrapSessionKey([wrapped], [secret]).catch((cause: unknown) => {
    throw proofFailed(keyId, cause);
  });
  if (!sessionKey.equals(found.bytes)) throw proofFailed(keyId);
}

/** openpgp.js's packet, with what its type declarations leave out. */
interface SessionKeyPackets {
  fromObject(content: object): { encrypt(keyPacket: object): Promise<void>; write(): Uint8Array };
}

async function wrapFor({ keyPacket }: Key | Subkey, sessionKey: Uint8Array): Promise<Uint8Array> {
  const { enums, PublicKeyEncryptedSessionKeyPacket } = await import('openpgp');
  const packet = (PublicKeyEncryptedSessionKeyPacket as unknown as SessionKeyPackets).fromObject({
    version: 3,
    encryptionKeyPacket: keyPacket,
    anonymousRecipient: false,
    sessionKey,
    sessionKeyAlgorithm: enums.symmetric.aes256,
  });
  await packet.encrypt(keyPacket);
  return packet.write();
}

function proofFailed(keyId: string, cause?: unknown): Error {
  return integrityError(`what is encrypted for ${keyId} does not open with the new secret key`, {
    code: 'key-proof-failed',
    cause,
    hints: ['nothing was published; look whether somebody else writes to the file of the secret key'],
  });
}
