import { failure } from '../../base/error.ts';
import { openMessage, openMessageWithSessionKey, sessionKeyOf } from '../../crypto/openpgp-container.ts';
import type { SecretKey } from '../../crypto/openpgp-secret-key.ts';
import type { SessionKey } from '../../crypto/openpgp-session-key.ts';
import type { SessionKeyList } from '../../crypto/session-key-list.ts';

/** Opens the files of one set, and the parts of its keyrings, with whatever opens that set. */
export interface FileOpener {
  /** `recipient`: a secret key that the set was made for; else the list of session keys that was found. */
  readonly by: 'recipient' | 'rewrap' | 'kms';
  /**
   * What opens this file and no other, for a worker that is to open it: a copy, which the caller wipes.
   * @param name as the manifest has it
   * @param message the whole file, or its first `messageHeadSize` bytes
   * @throws {PosternError} exit 1 `session-key-missing`, and as `sessionKeyOf`
   */
  sessionKey(name: string, message: Uint8Array): Promise<SessionKey>;
  /** Opens a whole file. @throws {PosternError} exit 1 `session-key-missing`, and as `openMessage` */
  open(name: string, message: Uint8Array): Promise<Uint8Array>;
}

export function openerOfSecretKeys(keys: readonly SecretKey[]): FileOpener {
  return {
    by: 'recipient',
    sessionKey: (_name, message) => sessionKeyOf(message, keys),
    open: (_name, message) => openMessage(message, keys),
  };
}

export function openerOfList(by: 'rewrap' | 'kms', { setId, keys }: SessionKeyList): FileOpener {
  const find = async (name: string): Promise<SessionKey> => {
    const key = keys.get(name);
    if (key !== undefined) return key;
    throw failure(`the session keys of ${setId} that open here have none for ${name}`, {
      code: 'session-key-missing',
      hints: ['the file was gone when they were wrapped again; a recipient of the set may open it'],
    });
  };
  return {
    by,
    sessionKey: async (name) => {
      const { algorithm, bytes } = await find(name);
      return { algorithm, bytes: Uint8Array.from(bytes) };
    },
    open: async (name, message) => openMessageWithSessionKey(message, await find(name)),
  };
}
