import { randomBytes } from 'node:crypto';
import { allOf } from '../../../base/byte-source.ts';
import { integrityError } from '../../../base/error.ts';
import { beginMessage, type MessageWriter, messageHeadSize } from '../../../crypto/openpgp-container.ts';
import { readMessageHead } from '../../../crypto/openpgp-head.ts';
import { readMessageContent } from '../../../crypto/openpgp-message-reader.ts';
import { unwrapWithPassphrase, wrapForPassphrase } from '../../../crypto/openpgp-passphrase.ts';
import type { Recipient } from '../../../crypto/openpgp-recipient.ts';
import { aes256, type SessionKey } from '../../../crypto/openpgp-session-key.ts';

/** Whom an archive is encrypted for; undefined: nobody, it lies in clear. */
export type SealedFor = { readonly recipient: Recipient } | { readonly passphrase: string } | undefined;

/** One file that is being written. */
export interface Seal {
  /** What stands in front of the message that `writer` makes. */
  readonly head: Uint8Array;
  /** Undefined where nothing is encrypted. */
  readonly writer: MessageWriter | undefined;
  /** The content of the file that was written, to be read to its end: only then it is proven. */
  open(file: SealedFile): AsyncIterable<Uint8Array>;
}

/** Reads what lies on the disk now. */
export interface SealedFile {
  readonly size: number;
  /** @param start bytes from the beginning */
  read(start: number, end?: number): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Each file has a session key of its own. Errors as `beginMessage`. */
export async function newSeal(sealedFor: SealedFor): Promise<Seal> {
  if (sealedFor === undefined) {
    return { head: new Uint8Array(0), writer: undefined, open: (file) => file.read(0) };
  }
  const sessionKey: SessionKey = { algorithm: aes256, bytes: randomBytes(32) };
  if ('recipient' in sealedFor) {
    const { recipient } = sealedFor;
    return {
      head: new Uint8Array(0),
      writer: await beginMessage([recipient], { sessionKey }),
      async *open(file) {
        const first = await allOf(file.read(0, messageHeadSize));
        const { wrapped, end } = readMessageHead(first);
        if (wrapped.length !== 1 || wrapped[0]?.keyId !== recipient.encryptionKeyId)
          throw notAsWritten('it is encrypted for somebody else');
        yield* readMessageContent(file.read(end), sessionKey);
      },
    };
  }
  const head = wrapForPassphrase(sessionKey, sealedFor.passphrase);
  return {
    head,
    writer: await beginMessage([], { sessionKey }),
    async *open(file) {
      const first = await allOf(file.read(0, head.byteLength));
      const found = unwrapWithPassphrase(first, sealedFor.passphrase);
      yield* readMessageContent(file.read(head.byteLength), found);
    },
  };
}

function notAsWritten(why: string): Error {
  return integrityError(`the archive that was written is not what it should be: ${why}`, {
    code: 'archive-corrupt',
  });
}
