import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { usageError } from '../base/error.ts';
import { containerCorrupt } from './openpgp-container-error.ts';
import { openOwnContent } from './openpgp-content.ts';
import {
  definiteLength,
  frameByPartialLengths,
  partialLengthOctet,
  partialSize,
  tagOctet,
} from './openpgp-framing.ts';
import { maxSessionKeyPackets } from './openpgp-head.ts';
import type { Recipient } from './openpgp-recipient.ts';
import { blockSize, mdcHeader, prefixSize } from './openpgp-seipd.ts';
import { aes256, checkSessionKey, type SessionKey } from './openpgp-session-key.ts';
import { PacketTag } from './openpgp-tag.ts';
import { wrapSessionKey } from './openpgp-wrapped-session-key.ts';

/** Opens one message in memory; throws `'container-corrupt'` before anything is answered from a changed one. */
type MessageOpener = (message: Uint8Array) => Promise<Uint8Array>;

/** Encrypts one message piece by piece. What it answers belongs to the caller; what it was given may be reused. */
export interface MessageWriter {
  /** Takes content of any size; answers the encrypted bytes that are ready to be sent, in order. */
  write(chunk: Uint8Array): Uint8Array[];
  /** Ends the message; nothing may be written after it. */
  finish(): Uint8Array[];
  /** Opens this message, and no other, without a secret key: for checking it before it is sent. */
  opener(): MessageOpener;
  /** A copy of what opens this message without a secret key; the caller wipes it. */
  sessionKey(): SessionKey;
}

export interface MessageOptions {
  /**
   * AES-256, from whoever keeps it (a KMS, a list of session keys); a random one when left out. One for each message:
   * who is given the key of one would be given them all. It is copied, and may be wiped as soon as the call is answered.
   */
  readonly sessionKey?: SessionKey;
}

/** Binary, no file name, no date (RFC 9580 §5.9): what the content is, the manifest tells. */
const literalHeader = Uint8Array.of(0x62, 0, 0, 0, 0, 0);

/** Room before the staged content for the packet's first octet and at most five octets of length. */
const headroom = 6;

/**
 * Begins an OpenPGP message for all the recipients: their session key packets, then one version 1 integrity-protected
 * packet, AES-256, with one literal data packet inside. See docs/formats/openpgp-container.md.
 *
 * There may be no recipient only if the session key is given: then it alone opens the message, and whoever loses it
 * has lost the content.
 *
 * Throws `usageError`, code `'recipients-missing'`, `'recipients-too-many'` or `'session-key-invalid'`.
 */
export async function beginMessage(
  recipients: readonly Recipient[],
  options: MessageOptions = {},
): Promise<MessageWriter> {
  if (recipients.length === 0 && options.sessionKey === undefined) {
    throw usageError('there is no recipient to encrypt for', { code: 'recipients-missing' });
  }
  const sessionKey = options.sessionKey === undefined ? randomBytes(32) : copyOfAes256(options.sessionKey);
  const sessionKeyPackets = await wrapSessionKey(sessionKey, recipients);
  if (sessionKeyPackets.byteLength > maxSessionKeyPackets) {
    throw usageError(`there are too many recipients to encrypt for: ${recipients.length}`, {
      code: 'recipients-too-many',
    });
  }
  const body = encryptLiteral(sessionKey);
  let unsent: readonly Uint8Array[] = [sessionKeyPackets, ...body.begin()];
  let finished = false;

  function take(encrypt: () => Uint8Array[]): Uint8Array[] {
    if (finished) throw new Error('the message is finished');
    const ready = [...unsent, ...encrypt()];
    unsent = [];
    return ready;
  }

  return {
    write: (chunk) => take(() => body.write(chunk)),
    finish() {
      const ready = take(() => body.end());
      finished = true;
      return ready;
    },
    opener: () => async (message) => {
      const written = message.subarray(0, sessionKeyPackets.byteLength);
      if (Buffer.compare(written, sessionKeyPackets) !== 0)
        throw containerCorrupt('its session key packets were changed');
      return await openOwnContent(message.subarray(sessionKeyPackets.byteLength), sessionKey);
    },
    sessionKey: () => ({ algorithm: aes256, bytes: Uint8Array.from(sessionKey) }),
  };
}

function copyOfAes256(given: SessionKey): Uint8Array {
  checkSessionKey(given);
  if (given.algorithm !== aes256) {
    throw usageError(
      `messages are encrypted with AES-256, and the session key is for cipher ${given.algorithm}`,
      {
        code: 'session-key-invalid',
      },
    );
  }
  return Uint8Array.from(given.bytes);
}

/**
 * The literal packet is framed inside the encryption and the encrypted packet around it, both by partial lengths. Its
 * content is staged, because a partial's length has to be encrypted before its content.
 */
function encryptLiteral(sessionKey: Uint8Array) {
  const cipher = createCipheriv('aes-256-cfb', sessionKey, new Uint8Array(blockSize));
  const hash = createHash('sha1');
  const framer = frameByPartialLengths(PacketTag.integrityProtected);
  const stage = Buffer.allocUnsafeSlow(headroom + partialSize);
  stage.set(literalHeader, headroom);
  let staged = literalHeader.byteLength;
  let tag: readonly number[] = [tagOctet(PacketTag.literal)];

  function encrypt(plain: Uint8Array): Uint8Array[] {
    hash.update(plain);
    return framer.push(cipher.update(plain));
  }

  function encryptStage(length: readonly number[]): Uint8Array[] {
    const header = [...tag, ...length];
    stage.set(header, headroom - header.length);
    const ready = encrypt(stage.subarray(headroom - header.length, headroom + staged));
    tag = [];
    staged = 0;
    return ready;
  }

  return {
    begin(): Uint8Array[] {
      const random = randomBytes(blockSize);
      const prefix = Buffer.concat([random, random.subarray(-2)], prefixSize);
      return [...framer.push(Uint8Array.of(1)), ...encrypt(prefix)];
    },
    write(chunk: Uint8Array): Uint8Array[] {
      const ready: Uint8Array[] = [];
      for (let taken = 0; taken < chunk.byteLength; ) {
        const part = chunk.subarray(taken, taken + partialSize - staged);
        stage.set(part, headroom + staged);
        staged += part.byteLength;
        taken += part.byteLength;
        if (staged === partialSize) ready.push(...encryptStage([partialLengthOctet]));
      }
      return ready;
    },
    end(): Uint8Array[] {
      const last = encryptStage([...definiteLength(staged)]);
      hash.update(mdcHeader);
      const mdc = Buffer.concat([mdcHeader, hash.digest()]);
      return [...last, ...framer.push(cipher.update(mdc)), ...framer.end()];
    },
  };
}
