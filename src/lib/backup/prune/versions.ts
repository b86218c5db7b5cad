import type { ListedVersion, ObjectStore } from '../../cloud/object-store.ts';

/** Requests under way at once. */
const width = 8;
/** Deletes between two entries in the journal. */
const batchSize = 200;

/** Every version and delete marker under the prefixes. */
export async function listFolders(
  store: ObjectStore,
  prefixes: readonly string[],
): Promise<readonly ListedVersion[]> {
  const found: ListedVersion[] = [];
  for (const prefix of prefixes) for await (const version of store.listVersions(prefix)) found.push(version);
  return found;
}

export function sumOf(versions: readonly ListedVersion[]): {
  readonly versions: number;
  readonly bytes: number;
} {
  return { versions: versions.length, bytes: versions.reduce((sum, { size }) => sum + size, 0) };
}

/**
 * The lock that stands against deleting all of these: asked of the store version by version, until one is locked.
 * @returns until when, and undefined when nothing is locked
 */
export async function findLock(
  store: ObjectStore,
  versions: readonly ListedVersion[],
  now: Date,
): Promise<Date | undefined> {
  let until: Date | undefined;
  const objects = versions.filter(({ isDeleteMarker }) => !isDeleteMarker);
  await inParallel(objects, async (version) => {
    if (until !== undefined) return;
    const retention = (await store.head(version.key, idOf(version)))?.retention;
    if (retention !== undefined && retention.until > now) until = retention.until;
  });
  return until;
}

/**
 * Deletes versions for good.
 * @param between called between two batches; what it throws stops the work
 * @returns those that the store keeps because of a lock
 */
export async function deleteVersions(
  store: ObjectStore,
  versions: readonly ListedVersion[],
  between: () => Promise<void>,
): Promise<readonly ListedVersion[]> {
  const retained: ListedVersion[] = [];
  for (let start = 0; start < versions.length; start += batchSize) {
    await between();
    await inParallel(versions.slice(start, start + batchSize), async (version) => {
      if ((await store.delete(version.key, idOf(version))) === 'retained') retained.push(version);
    });
  }
  return retained;
}

/** A store without versions has no ids, and deletes by the key alone. */
function idOf({ versionId }: ListedVersion): { readonly versionId?: string } {
  return versionId === undefined ? {} : { versionId };
}

/** Ends when nothing is under way any more, also where something failed: a step that is over touches nothing. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) {
      if (errors.length > 0) return;
      await work(item).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  if (errors.length > 0) throw errors[0];
}
