/**
 * An object store in a folder. Whoever looks at the folder sees
 *
 *   postern-object-store.json                     what this folder is
 *   objects/<key>                                 the newest bytes of every key, under its own name
 *   versions/<key, encoded>@/0000000007.json      one version: size, SHA-256, retention, metadata (or a delete marker)
 *   versions/<key, encoded>@/<version id>.data    its bytes; the highest number is the newest
 *
 * so `cat objects/some/key` and `cp -r objects/some/folder` are all that a person needs. `objects/` is hard links for
 * people (missing where one key is a folder of another: `a` and `a/b`); the store itself reads `versions/` only.
 *
 * A version exists from the moment its `.json` does. That file is created exclusively, so two processes cannot both
 * write number 7: `ifNoneMatch` holds between processes without a lock that a crash could leave behind. Everything is
 * synced before `put` returns. Leftovers of a crash (`.tmp-*`, `.data` without `.json`) are never listed.
 *
 * Retention is kept by this code: no option or command goes around it, but whoever may write to the folder can
 * remove files. Against that, use a store with Object Lock in another account.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { syncFolder, writeFileAtomic } from '../../base/atomic-file.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { usageError } from '../../base/error.ts';
import { folderLocation } from '../location.ts';
import { checkRange, objectCorrupt, objectMissing } from '../object-error.ts';
import { checkObjectKey } from '../object-key.ts';
import { checkMetadata } from '../object-metadata.ts';
import type { GetOptions, ListedVersion, ObjectStore, OpenedObject } from '../object-store.ts';
import { errno, fileError, withFileErrors } from './file-error.ts';
import { versionFolder } from './object-path.ts';
import { readVersion } from './object-read.ts';
import {
  CorruptRecord,
  dataFile,
  type FoundVersion,
  listSequences,
  type ObjectRecord,
  readRecord,
  toStored,
} from './object-record.ts';
import { healView, refreshView, showNewest } from './object-view.ts';
import { walkObjects } from './object-walk.ts';
import {
  type Durability,
  pruneFolders,
  removeVersion,
  writeDeleteMarker,
  writeVersion,
} from './object-write.ts';

const marker = 'postern-object-store.json';
const format = { format: 'postern-object-store', version: 1 };

export interface LocalObjectStoreOptions {
  /** A folder of its own; made with the first object when it is missing. */
  readonly path: string;
  readonly clock?: Clock;
  /** `synced` unless told. */
  readonly durability?: Durability;
}

/**
 * Opens the store in a folder. In a missing or empty one it is made with the first object: who only looks changes
 * nothing, and makes no store beneath the mount point of a disk that is away.
 * @throws {PosternError} exit 2 `store-not-a-store` (other files are there), `store-too-new`; exit 1 as file errors
 */
export async function openLocalObjectStore(options: LocalObjectStoreOptions): Promise<ObjectStore> {
  const root = resolve(options.path);
  const location = folderLocation(root);
  const clock = options.clock ?? systemClock;
  const guard = <T>(operation: string, key: string, work: () => Promise<T>) =>
    withFileErrors(location, operation, () => withCorruption(location, key, work));
  const durability = options.durability ?? 'synced';
  const target = (key: string) => ({ root, location, key, now: clock.now(), durability });
  const isThere = await withFileErrors(location, 'opening the object store', () => isStore(root));
  let made: Promise<void> | undefined = isThere ? Promise.resolve() : undefined;

  function makeOnce(): Promise<void> {
    made ??= makeStore(root).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  }

  async function syncView(changed: string | undefined): Promise<void> {
    if (changed !== undefined && durability === 'synced') await syncFolder(changed).catch(() => {});
  }

  async function open(key: string, { versionId, range }: GetOptions = {}): Promise<OpenedObject> {
    checkObjectKey(key);
    checkRange(range);
    const { folder } = versionFolder(root, key);
    const found = await guard('reading', key, () => findVersion(folder, versionId));
    if (found === undefined || found.record.kind === 'delete-marker') throw objectMissing(location, key);
    const { record } = found;
    if (versionId === undefined) await guard('reading', key, () => healView(root, key, folder, record));
    return { object: toStored(record), body: readBody(folder, found, range) };
  }

  async function* readBody(
    folder: string,
    found: FoundVersion,
    range: GetOptions['range'],
  ): AsyncIterable<Uint8Array> {
    try {
      yield* readVersion(location, folder, found, range);
    } catch (error) {
      throw fileError(location, 'reading', error);
    }
  }

  async function* getStream(key: string, options?: GetOptions): AsyncIterable<Uint8Array> {
    yield* (await open(key, options)).body;
  }

  return {
    location,

    async put(key, body, options = {}) {
      checkObjectKey(key);
      checkMetadata(options.metadata);
      return guard('storing', key, async () => {
        await makeOnce();
        const { sequence, record } = await writeVersion(target(key), body, options);
        const { folder } = versionFolder(root, key);
        const data = dataFile(folder, record.versionId);
        await syncView(await showNewest(root, key, folder, { sequence, data }));
        return toStored(record);
      });
    },

    async get(key, options) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of getStream(key, options)) chunks.push(chunk);
      return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
    },

    getStream,
    open,

    async head(key, { versionId } = {}) {
      checkObjectKey(key);
      return guard('reading', key, async () => {
        const { folder } = versionFolder(root, key);
        const found = await findVersion(folder, versionId);
        if (found === undefined || found.record.kind === 'delete-marker') return undefined;
        if (versionId === undefined) await healView(root, key, folder, found.record);
        return toStored(found.record);
      });
    },

    async *list(prefix) {
      const visit = (key: string, folder: string) =>
        guard('listing', key, async () => {
          const found = await findVersion(folder, undefined);
          if (found === undefined || found.record.kind === 'delete-marker') return undefined;
          return { key, size: found.record.size, modified: new Date(found.record.modified) };
        });
      try {
        yield* walkObjects(root, prefix, visit);
      } catch (error) {
        throw fileError(location, 'listing', error);
      }
    },

    async *listVersions(prefix) {
      const visit = (key: string, folder: string) => guard('listing', key, () => readHistory(key, folder));
      try {
        for await (const history of walkObjects(root, prefix, visit)) yield* history;
      } catch (error) {
        throw fileError(location, 'listing', error);
      }
    },

    async delete(key, { versionId } = {}) {
      checkObjectKey(key);
      return guard('deleting', key, async () => {
        const { folder } = versionFolder(root, key);
        if (versionId === undefined) {
          if (!(await writeDeleteMarker(target(key)))) return 'absent';
        } else {
          const found = await findVersion(folder, versionId);
          if (found === undefined) return 'absent';
          if (isRetained(found.record, clock.now())) return 'retained';
          await removeVersion(target(key), found.sequence, found.record);
        }
        await syncView(await refreshView(root, key, folder));
        await pruneFolders(folder, join(root, 'versions'));
        return 'deleted';
      });
    },

    async capabilities() {
      return {
        versioning: true,
        objectLock: true,
        defaultRetention: 'none',
        encryptionAtRest: 'none',
        abortsUploads: true,
        retentionKeptBy: 'postern',
        time: clock.now(),
      };
    },
  };
}

async function findVersion(folder: string, versionId: string | undefined): Promise<FoundVersion | undefined> {
  for (const sequence of await listSequences(folder)) {
    const record = await readRecord(folder, sequence);
    if (record !== undefined && (versionId === undefined || record.versionId === versionId)) {
      return { sequence, record };
    }
  }
  return undefined;
}

async function readHistory(key: string, folder: string): Promise<ListedVersion[]> {
  const sequences = await listSequences(folder);
  const records = await Promise.all(sequences.map((sequence) => readRecord(folder, sequence)));
  return records
    .filter((record) => record !== undefined)
    .map((record, index) => ({
      key,
      size: record.size,
      modified: new Date(record.modified),
      versionId: record.versionId,
      isLatest: index === 0,
      isDeleteMarker: record.kind === 'delete-marker',
    }));
}

function isRetained({ retention }: ObjectRecord, now: Date): boolean {
  return retention !== undefined && new Date(retention.until) > now;
}

async function withCorruption<T>(location: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CorruptRecord) throw objectCorrupt(location, key, error.message);
    throw error;
  }
}

/** @returns false for a folder that is missing or empty */
async function isStore(root: string): Promise<boolean> {
  const text = await unlessMissing(readFile(join(root, marker), 'utf8'));
  if (text !== undefined) {
    checkFormat(root, text);
    return true;
  }
  const names = (await unlessMissing(readdir(root))) ?? [];
  // Another process has made it in this moment.
  if (names.includes(marker)) return isStore(root);
  if (names.every((name) => name.startsWith('.tmp-'))) return false;
  throw usageError(`${root} holds files but is not a postern object store`, {
    code: 'store-not-a-store',
    hints: ['name an empty folder, or one that does not exist yet'],
  });
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  });
}

async function makeStore(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  // Somebody else may have put something there, or made the store, since this one was opened.
  if (await isStore(root)) return;
  await writeFileAtomic(join(root, marker), `${JSON.stringify(format)}\n`);
  await syncFolder(dirname(root));
}

function checkFormat(root: string, text: string): void {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  const version =
    typeof found === 'object' && found !== null && 'version' in found ? found.version : undefined;
  if (version === format.version) return;
  throw usageError(`${root} was made by another version of postern (${marker} says ${String(version)})`, {
    code: 'store-too-new',
    hints: ['use the version of postern that made it, or a newer one'],
  });
}
