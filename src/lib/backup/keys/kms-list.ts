// In KMS mode, every set carries the session keys of its files in a message without recipients; a key management
// service wraps the session key of that message. docs/formats/session-keys.md tells how stock tools open it.
import { randomBytes } from 'node:crypto';
import { integrityError, PosternError } from '../../base/error.ts';
import type { Kms } from '../../cloud/kms.ts';
import { openMessageWithSessionKey } from '../../crypto/openpgp-container.ts';
import {
  aes256,
  formatSessionKey,
  parseSessionKey,
  type SessionKey,
  wipeSessionKey,
} from '../../crypto/openpgp-session-key.ts';
import { formatSessionKeyList, type SessionKeyList } from '../../crypto/session-key-list.ts';
import type { WrappingKey } from '../context.ts';
import type { WrappedByKms } from '../format/manifest.ts';
import { type SealedFile, type SealOptions, sealWhole } from '../worker/part-writer.ts';
import { type ListedSet, openList } from './open-rewrap.ts';

/** The session keys of a set, gathered while it is written. */
export interface KmsList {
  readonly wrapped: WrappedByKms;
  /** Keeps what opens a file; the key now belongs to the list. */
  add(name: string, sessionKey: SessionKey): void;
  /** Seals all of them, and wipes them. */
  seal(manifestSha256: string, options: Pick<SealOptions, 'level'>): Promise<SealedFile>;
}

/**
 * Begins the list before anything else of the set is made: a key that cannot wrap stops the run at once.
 * @throws {PosternError} as `Kms.encrypt`: exit 1 `kms-key-unusable`, `kms-key-missing`, `kms-access-denied`
 */
export async function beginKmsList(
  { kms, keyId }: WrappingKey,
  { setId, profile }: { readonly setId: string; readonly profile: string },
): Promise<KmsList> {
  const sessionKey = { algorithm: aes256, bytes: randomBytes(32) };
  const context = { setId, profile };
  const text = Buffer.from(formatSessionKey(sessionKey));
  const wrappedKey = Buffer.from(await kms.encrypt(keyId, text, context)).toString('base64');
  text.fill(0);
  const keys = new Map<string, SessionKey>();
  return {
    wrapped: { keyId, context, wrappedKey },
    add: (name, key) => void keys.set(name, key),
    seal: async (manifestSha256, { level }) => {
      const plain = formatSessionKeyList({ setId, manifestSha256, keys });
      try {
        return await sealWhole(plain, { recipients: [], sessionKey, level, verify: true });
      } finally {
        plain.fill(0);
        for (const key of [sessionKey, ...keys.values()]) wipeSessionKey(key);
      }
    },
  };
}

/**
 * Opens the list of a set with the service that wrapped its key.
 * @param file the list as it is stored, its hash compared
 * @throws {PosternError} exit 1 `kms-key-unusable` (disabled, pending deletion), `kms-key-missing`,
 * `kms-access-denied`; exit 5 `kms-wrong-key`, and as `openList`
 */
export async function openKmsList(
  kms: Kms,
  { keyId, context, wrappedKey }: WrappedByKms,
  set: ListedSet & { readonly profile: string },
  file: Uint8Array,
): Promise<SessionKeyList> {
  if (context.setId !== set.setId || context.profile !== set.profile) {
    throw integrityError(`the wrapped key beside ${set.setId} is that of ${context.setId}`, {
      code: 'session-keys-misplaced',
    });
  }
  const text = Buffer.from(await kms.decrypt(keyId, Buffer.from(wrappedKey, 'base64'), context));
  const sessionKey = readUnwrapped(text);
  try {
    return openList(await openMessageWithSessionKey(file, sessionKey), set);
  } finally {
    wipeSessionKey(sessionKey);
  }
}

function readUnwrapped(text: Buffer): SessionKey {
  try {
    return parseSessionKey(text.toString('latin1'));
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    throw integrityError('what the key management service unwrapped is no session key', {
      code: 'session-keys-invalid',
    });
  } finally {
    text.fill(0);
  }
}
