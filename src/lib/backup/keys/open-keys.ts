import { PosternError } from '../../base/error.ts';
import type { Kms } from '../../cloud/kms.ts';
import { sessionKeyOf } from '../../crypto/openpgp-container.ts';
import { readSecretKey, type SecretKey } from '../../crypto/openpgp-secret-key.ts';
import { wipeSessionKey } from '../../crypto/openpgp-session-key.ts';
import type { SecretKeys, SetStore } from '../context.ts';
import { fileName } from '../format/layout.ts';
import type { Stub } from '../format/manifest.ts';
import { type FileOpener, openerOfList, openerOfSecretKeys } from './file-opener.ts';
import { openKmsList } from './kms-list.ts';
import { openRewrap } from './open-rewrap.ts';

/** Keys that are ready to be tried on any set. */
export interface UnlockedKeys {
  readonly secretKeys: readonly SecretKey[];
  readonly kms: (() => Promise<Kms>) | undefined;
}

/** Unlocks the secret keys. @throws {PosternError} exit 2 with the codes of `readSecretKey` */
export async function unlock({ armored, passphrase, kms }: SecretKeys): Promise<UnlockedKeys> {
  return { secretKeys: await Promise.all(armored.map((key) => readSecretKey(key, passphrase))), kms };
}

/** The keys that may open a set; undefined when there are none to try, so that it stays closed. */
export function keysFor(
  { stub }: { readonly stub: Pick<Stub, 'kms'> },
  keys: SecretKeys | undefined,
): SecretKeys | undefined {
  if (keys === undefined) return undefined;
  const isAskable = keys.kms !== undefined && stub.kms !== undefined;
  return keys.armored.length > 0 || isAskable ? keys : undefined;
}

/** A signed set, as far as it takes to find out what opens it. */
export interface SetToOpen {
  readonly setId: string;
  readonly stub: Pick<Stub, 'kms' | 'profile'>;
  /** The manifest as it is stored, its hash and its signature compared. */
  readonly sealedManifest: Uint8Array;
  readonly manifestSha256: string;
  /** Reads a file of the set and compares its hash. */
  readSigned(name: string): Promise<Uint8Array>;
}

/**
 * Finds what opens a set: a recipient's secret key; else the newest rewrap for one of these keys; else the key
 * management service.
 * @throws {PosternError} exit 1 `not-for-these-keys`, and as `openKmsList`; exit 5 as `openRewrap`
 */
export async function openKeys(
  sets: SetStore,
  set: SetToOpen,
  { secretKeys, kms }: UnlockedKeys,
): Promise<FileOpener> {
  try {
    wipeSessionKey(await sessionKeyOf(set.sealedManifest, secretKeys));
    return openerOfSecretKeys(secretKeys);
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'not-for-these-keys') throw error;
    const rewrap = secretKeys.length === 0 ? undefined : await openRewrap(sets, set, secretKeys);
    if (rewrap !== undefined) return openerOfList('rewrap', rewrap);
    const { kms: wrapped, profile } = set.stub;
    if (kms === undefined || wrapped === undefined) throw error;
    const file = await set.readSigned(fileName.sessionKeys);
    return openerOfList('kms', await openKmsList(await kms(), wrapped, { ...set, profile }, file));
  }
}
