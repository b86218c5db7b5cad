import type { ObjectStore } from '../../cloud/object-store.ts';
import { messageHeadSize } from '../../crypto/openpgp-container.ts';

/** What tells whether a session key fits lies behind the head. */
const prefixRoom = 32;

/** The beginning of an encrypted file: enough to tell whom it is for, and its session key. Errors as the store's `get`. */
export function readHead(store: ObjectStore, key: string, versionId?: string): Promise<Uint8Array> {
  return store.get(key, {
    range: { start: 0, end: messageHeadSize + prefixRoom - 1 },
    ...(versionId === undefined ? {} : { versionId }),
  });
}
