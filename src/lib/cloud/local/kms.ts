import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../../base/clock.ts';
import { usageError } from '../../base/error.ts';
import type { KmsService } from '../kms-service.ts';
import { errno, withFileErrors } from './file-error.ts';
import { type KmsUnlock, keyFile } from './key-file.ts';
import { keyRingAccess } from './key-ring-access.ts';
import { localKmsAdmin } from './kms-admin.ts';
import { localKmsAliases } from './kms-aliases.ts';
import { localKmsRotation } from './kms-rotation.ts';
import { localKmsUse } from './kms-use.ts';

export type { KmsUnlock } from './key-file.ts';

export interface LocalKmsOptions {
  /** The sealed file. */
  readonly path: string;
  readonly unlock: KmsUnlock;
  readonly clock?: Clock;
}

/**
 * Makes an empty sealed file of keys, and opens it.
 * @param options.scryptLogN log₂ of scrypt's N for a passphrase, 14 to 20; 17 unless told
 * @throws {PosternError} exit 2 `kms-exists` when there is a file already; otherwise as `openLocalKms`
 */
export async function createLocalKms(
  options: LocalKmsOptions & { readonly scryptLogN?: number },
): Promise<KmsService> {
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
export async function openLocalKms({ path: name, unlock, clock }: LocalKmsOptions): Promise<KmsService> {
  const path = resolve(name);
  const location = pathToFileURL(path).href;
  const access = keyRingAccess(keyFile(path, unlock, location), { path, location, clock });
  await access.dropExpired();
  return {
    ...localKmsUse(access),
    ...localKmsAdmin(access),
    ...localKmsRotation(access),
    ...localKmsAliases(access),
    access: undefined,
  };
}
