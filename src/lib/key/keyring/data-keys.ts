import { PosternError } from '../../base/error.ts';
import { inParallel } from '../../base/in-parallel.ts';
import type { Queryable } from '../../base/postgres.ts';
import { decryptingStates, type KeyVersion } from './key-version.ts';
import type { KeyringTable } from './keyring-table.ts';
import { activeKeys, keysById } from './read-keys.ts';
import { byKek } from './usable-kek.ts';

/** A version of a key, opened; or why it cannot be, which concerns the values under it and no others. */
export type OpenedKey =
  | { readonly version: KeyVersion; readonly dataKey: Uint8Array }
  | { readonly version: KeyVersion; readonly problem: string };

/** The keys that a batch of values needs. */
export interface BatchKeys {
  /** By the id that values name. */
  readonly byId: ReadonlyMap<string, OpenedKey>;
  /** The key that a subject's values are to be under, by subject. */
  readonly active: ReadonlyMap<string, OpenedKey>;
}

/** Of the key management service: these say something about one key, all others that no key can be opened now. */
const concernsOneKey = new Set(['kms-wrong-key', 'kms-key-missing', 'kms-alias']);

/**
 * Reads the keyring anew for every batch, so that a version that another host made or closed counts at once; only what
 * the key management service opened is remembered.
 * @throws {PosternError} as `byKek`, and what `open` throws that does not concern one key
 */
export async function keysOfBatch(
  db: Queryable,
  keyring: KeyringTable,
  { ids, subjects }: { readonly ids: readonly string[]; readonly subjects: readonly string[] },
  open: (version: KeyVersion) => Promise<Uint8Array>,
): Promise<BatchKeys> {
  const active = await activeKeys(db, keyring, subjects);
  const known = new Set(active.map(({ id }) => id));
  const others = await keysById(
    db,
    keyring,
    ids.filter((id) => !known.has(id)),
  );
  const byId = new Map<string, OpenedKey>();
  await inParallel([...active, ...others], 16, async (version) => {
    byId.set(version.id, await openKey(version, open));
  });
  const ofSubject = active.map(({ id, subject }) => [subject, byId.get(id)] as const);
  return { byId, active: new Map(ofSubject.flatMap(([subject, key]) => (key ? [[subject, key]] : []))) };
}

async function openKey(
  version: KeyVersion,
  open: (version: KeyVersion) => Promise<Uint8Array>,
): Promise<OpenedKey> {
  if (!decryptingStates.includes(version.state)) return { version, problem: `key-${version.state}` };
  try {
    return { version, dataKey: await byKek(version.kek, () => open(version)) };
  } catch (error) {
    if (error instanceof PosternError && error.code !== undefined && concernsOneKey.has(error.code)) {
      return { version, problem: error.code };
    }
    throw error;
  }
}

export function wipeKeys({ byId }: BatchKeys): void {
  for (const key of byId.values()) if ('dataKey' in key) key.dataKey.fill(0);
}
