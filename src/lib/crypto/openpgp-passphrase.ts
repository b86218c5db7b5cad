import { failure } from '../base/error.ts';
import { openpgpConfig } from './openpgp-config.ts';
import { aes256, checkSessionKey, type SessionKey } from './openpgp-session-key.ts';

/**
 * A packet that stands before a message and lets whoever knows the passphrase open it, as `gpg --symmetric` does: a
 * symmetric-key encrypted session key, version 4 (RFC 9580 §5.3), iterated and salted S2K.
 * @param sessionKey AES-256
 * Throws as `checkSessionKey`.
 */
export async function wrapForPassphrase(sessionKey: SessionKey, passphrase: string): Promise<Uint8Array> {
  checkSessionKey(sessionKey);
  const { encryptSessionKey } = await import('openpgp');
  return await encryptSessionKey({
    data: sessionKey.bytes,
    algorithm: 'aes256',
    passwords: [passphrase],
    format: 'binary',
    config: await openpgpConfig(),
  });
}

/**
 * The session key in a packet that `wrapForPassphrase` wrote.
 *
 * Throws `failure`, code `'passphrase-wrong'`.
 */
export async function unwrapWithPassphrase(packet: Uint8Array, passphrase: string): Promise<SessionKey> {
  const { decryptSessionKeys, readMessage } = await import('openpgp');
  try {
    const message = await readMessage({ binaryMessage: packet });
    const [found] = await decryptSessionKeys({ message, passwords: [passphrase] });
    if (found === undefined) throw new Error('no session key');
    return { algorithm: aes256, bytes: found.data };
  } catch (cause) {
    throw failure('the passphrase does not open it', { code: 'passphrase-wrong', cause });
  }
}
