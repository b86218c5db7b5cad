import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Clock, systemClock } from '../../base/clock.ts';
import { usageError } from '../../base/error.ts';
import type { EncryptionContext, Kms } from '../kms.ts';
import { checkDeletionDays, checkDigest, checkPlaintext, kmsKeyUnusable, kmsWrongKey } from '../kms-error.ts';
import { signDigest } from './ecdsa-p256.ts';
import { errno, withFileErrors } from './file-error.ts';
import { withFileLock } from './file-lock.ts';
import { type FileStamp, type KmsUnlock, keyFile } from './key-file.ts';
import {
  findKey,
  type KeyEntry,
  type KeyRing,
  materialOf,
  newKeyEntry,
  toKmsKey,
  usableKey,
  withoutExpired,
} from './key-ring.ts';
import { openMessage, readCiphertextHeader, sealMessage } from './kms-ciphertext.ts';

export type { KmsUnlock } from './key-file.ts';

export interface LocalKmsOptions {
  /** The sealed file. */
  readonly path: string;
  readonly unlock: KmsUnlock;
  readonly clock?: Clock;
}

const dayInMilliseconds = 86_400_000;

/**
 * Makes an empty sealed file of keys, and opens it.
 * @param options.scryptLogN log₂ of scrypt's N for a passphrase, 14 to 20; 17 unless told
 * @throws {PosternError} exit 2 `kms-exists` when there is a file already; otherwise as `openLocalKms`
 */
export async function createLocalKms(
  options: LocalKmsOptions & { readonly scryptLogN?: number },
): Promise<Kms> {
  const path = resolve(options.path);
  const location = pathToFileURL(path).href;
  await withFileErrors(location, 'making the file of keys', async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = keyFile(path, options.unlock, location, options.scryptLogN);
    await file.write({ keys: [] }, 'create').catch((error: unknown) => {
      if (errno(error) !== 'EEXIST') throw error;
      throw usageError(`the file of keys ${path} exists already`, {
        code: 'kms-exists',
        cause: error,
        hints: ['open it, or name another file; postern never overwrites keys'],
      });
    });
  });
  return openLocalKms(options);
}

/**
 * A key management service in one sealed file. Keys whose deletion date has come are destroyed at once, for good.
 * Several processes may use the file: writers take turns, and readers see a change at their next call.
 * @throws {PosternError} exit 1 `kms-missing`, `kms-locked` (wrong passphrase or key); exit 2 `kms-unlock-method`,
 * `kms-file-too-new`; exit 5 `kms-file-corrupt`; exit 11 when another process keeps the file locked
 */
export async function openLocalKms(options: LocalKmsOptions): Promise<Kms> {
  const path = resolve(options.path);
  const location = pathToFileURL(path).href;
  const clock = options.clock ?? systemClock;
  const file = keyFile(path, options.unlock, location);
  let cached: { readonly stamp: FileStamp; readonly ring: KeyRing } | undefined;

  const guard = <T>(work: () => Promise<T>): Promise<T> => withFileErrors(location, 'using the keys', work);

  async function load(): Promise<KeyRing> {
    // The stamp is taken first: a file replaced in between only means one more reading.
    const stamp = await file.stamp();
    if (cached?.stamp !== stamp) cached = { stamp, ring: await file.read() };
    return cached.ring;
  }

  function update<T>(change: (ring: KeyRing) => { readonly ring: KeyRing; readonly result: T }): Promise<T> {
    return guard(() =>
      withFileLock(path, async () => {
        const { ring, result } = change(withoutExpired(await load(), clock.now()));
        await file.write(ring, 'replace');
        return result;
      }),
    );
  }

  function updateKey<T>(
    keyId: string,
    change: (key: KeyEntry) => { readonly key: KeyEntry; readonly result: T },
  ): Promise<T> {
    return update((ring) => {
      const { key, result } = change(findKey(ring, location, keyId, clock.now()));
      return { ring: { keys: ring.keys.map((other) => (other.keyId === key.keyId ? key : other)) }, result };
    });
  }

  const setState = (keyId: string, state: 'enabled' | 'disabled') =>
    updateKey(keyId, (key) => {
      if (key.state === 'pending-deletion') throw kmsKeyUnusable(location, keyId, 'it is pending deletion');
      return { key: { ...key, state }, result: undefined };
    });

  async function encrypt(
    keyId: string,
    plaintext: Uint8Array,
    context: EncryptionContext,
  ): Promise<Uint8Array> {
    checkPlaintext(plaintext);
    return guard(async () => {
      const key = usableKey(await load(), location, keyId, 'encrypt', clock.now());
      const newest = materialOf(key);
      if (newest === undefined) throw kmsKeyUnusable(location, keyId, 'it holds no material');
      return sealMessage(
        { keyId: key.keyId, keyVersion: newest.version },
        newest.material,
        plaintext,
        context,
      );
    });
  }

  async function signingKey(keyId: string): Promise<KeyObject> {
    const key = usableKey(await load(), location, keyId, 'sign', clock.now());
    const newest = materialOf(key);
    if (newest === undefined) throw kmsKeyUnusable(location, keyId, 'it holds no material');
    return createPrivateKey({ key: newest.material, format: 'der', type: 'pkcs8' });
  }

  const opened = await guard(load);
  if (withoutExpired(opened, clock.now()) !== opened) await update((ring) => ({ ring, result: undefined }));

  return {
    location,

    createKey({ usage, description }) {
      const key = newKeyEntry(usage, description, clock.now());
      return update((ring) => ({ ring: { keys: [...ring.keys, key] }, result: toKmsKey(key) }));
    },

    describeKey: (keyId) => guard(async () => toKmsKey(findKey(await load(), location, keyId, clock.now()))),

    async *listKeys() {
      yield* withoutExpired(await guard(load), clock.now()).keys.map(toKmsKey);
    },

    async generateDataKey(keyId, context) {
      const plaintext = randomBytes(32);
      return { plaintext, wrapped: await encrypt(keyId, plaintext, context) };
    },

    encrypt,

    decrypt: (keyId, ciphertext, context) =>
      guard(async () => {
        const key = usableKey(await load(), location, keyId, 'encrypt', clock.now());
        const header = readCiphertextHeader(ciphertext);
        const used = header?.keyId === key.keyId ? materialOf(key, header.keyVersion) : undefined;
        if (used === undefined) throw kmsWrongKey(location, keyId);
        try {
          return openMessage(used.material, ciphertext, context);
        } catch (error) {
          throw kmsWrongKey(location, keyId, error);
        }
      }),

    async sign(keyId, digest) {
      checkDigest(digest);
      return guard(async () => signDigest(await signingKey(keyId), digest));
    },

    publicKey: (keyId) =>
      guard(async () => createPublicKey(await signingKey(keyId)).export({ format: 'der', type: 'spki' })),

    enableKey: (keyId) => setState(keyId, 'enabled'),
    disableKey: (keyId) => setState(keyId, 'disabled'),

    async scheduleKeyDeletion(keyId, days) {
      checkDeletionDays(days);
      return updateKey(keyId, (key) => {
        if (key.state === 'pending-deletion')
          throw kmsKeyUnusable(location, keyId, 'it is pending deletion already');
        const deletionDate = new Date(clock.now().getTime() + days * dayInMilliseconds);
        return {
          key: { ...key, state: 'pending-deletion', deletionDate: deletionDate.toISOString() },
          result: { deletionDate },
        };
      });
    },

    cancelKeyDeletion: (keyId) =>
      updateKey(keyId, ({ deletionDate, ...key }) => {
        if (deletionDate === undefined) throw kmsKeyUnusable(location, keyId, 'it is not pending deletion');
        return { key: { ...key, state: 'disabled' }, result: undefined };
      }),
  };
}
