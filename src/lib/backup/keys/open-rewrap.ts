import { integrityError, PosternError } from '../../base/error.ts';
import { openMessage } from '../../crypto/openpgp-container.ts';
import type { SecretKey } from '../../crypto/openpgp-secret-key.ts';
import { parseSessionKeyList, type SessionKeyList } from '../../crypto/session-key-list.ts';
import type { SetStore } from '../context.ts';
import { aboutFile } from '../damaged-file.ts';
import { decompressFrames } from '../format/zstd-frames.ts';
import { trustedRewraps } from './trusted-rewraps.ts';

/** Of which set a list of session keys must be: names can be reused, the bytes of a manifest cannot. */
export interface ListedSet {
  readonly setId: string;
  /** Of the manifest as it is stored. */
  readonly manifestSha256: string;
}

/**
 * The newest rewrap of a set that is signed by a trusted key, made for one of these keys, and of this very set.
 * @returns undefined when nobody has wrapped the set for these keys
 * @throws {PosternError} exit 5 when somebody seems to have, and none of it is to be believed; exit 6
 * `session-keys-newer`; exit 1 as the store
 */
export async function openRewrap(
  sets: SetStore,
  set: ListedSet,
  keys: readonly SecretKey[],
): Promise<SessionKeyList | undefined> {
  let problem: PosternError | undefined;
  for await (const found of trustedRewraps(sets, set.setId)) {
    if ('problem' in found) {
      problem ??= found.problem;
      continue;
    }
    try {
      return await aboutFile(found.name, async () => openList(await openMessage(found.bytes, keys), set));
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      if (error.code !== 'not-for-these-keys') problem ??= error;
    }
  }
  if (problem !== undefined) throw problem;
  return undefined;
}

/**
 * Reads a list of session keys from the zstd frames that were decrypted, and wipes what it unpacks.
 * @throws {PosternError} exit 5 `session-keys-misplaced`, `frames-corrupt`; else as `parseSessionKeyList`
 */
export function openList(frames: Uint8Array, { setId, manifestSha256 }: ListedSet): SessionKeyList {
  const plain = Buffer.concat([...decompressFrames(frames)]);
  try {
    const list = parseSessionKeyList(plain);
    if (list.setId === setId && list.manifestSha256 === manifestSha256) return list;
    throw integrityError(`the session keys beside ${setId} are those of ${list.setId}`, {
      code: 'session-keys-misplaced',
      hints: ['somebody has copied them here, or exchanged the set: find out who'],
    });
  } finally {
    plain.fill(0);
  }
}
