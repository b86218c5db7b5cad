import type { ObjectStore } from '../cloud/object-store.ts';
import type { SetStore } from './context.ts';
import { fileName, isSetId } from './format/layout.ts';
import { isVersionless } from './signed-object.ts';

/** A set as a listing shows it. */
export interface FoundSet {
  readonly setId: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** As `backup show` counts them: those that the stub lists. */
  readonly files: number;
  /** Of those. */
  readonly bytes: number;
  /** False: a run that did not end left these files. */
  readonly isComplete: boolean;
  /** Its manifest lies under a delete marker: somebody has tried to hide the set. */
  readonly isHidden: boolean;
}

/** The files that no stub lists, because they are, carry or sign the list. */
const besideTheList: ReadonlySet<string> = new Set([
  fileName.stub,
  fileName.sums,
  fileName.sumsSignature,
  fileName.manifestSignature,
]);

/**
 * The sets of a profile, oldest first, as the store lists them: nothing is opened, and nothing is believed beyond
 * "there is a manifest". A file that lies under a delete marker is still there, and so is its set.
 */
export async function listSets(sets: SetStore): Promise<readonly FoundSet[]> {
  const found = new Map<string, Omit<FoundSet, 'setId' | 'startedAt'>>();
  for await (const { key, size, isHidden } of listFiles(sets.store, sets.prefix)) {
    const path = key.slice(sets.prefix.length);
    const setId = path.slice(0, path.indexOf('/'));
    if (!isSetId(setId)) continue;
    const set = found.get(setId) ?? { files: 0, bytes: 0, isComplete: false, isHidden: false };
    const name = path.slice(setId.length + 1);
    const isManifest = name === fileName.manifest;
    const isListed = !besideTheList.has(name);
    found.set(setId, {
      files: set.files + (isListed ? 1 : 0),
      bytes: set.bytes + (isListed ? size : 0),
      isComplete: set.isComplete || isManifest,
      isHidden: set.isHidden || (isManifest && isHidden),
    });
  }
  return [...found]
    .map(([setId, set]) => ({ setId, startedAt: startOf(setId), ...set }))
    .toSorted((a, b) => (a.setId < b.setId ? -1 : 1));
}

export interface ListedFile {
  readonly key: string;
  /** Of the newest version that has bytes. */
  readonly size: number;
  /** The newest version is a delete marker. */
  readonly isHidden: boolean;
}

/** Every key under the prefix that has bytes in any version; by a plain listing where there is none of versions. */
export async function* listFiles(store: ObjectStore, prefix: string): AsyncIterable<ListedFile> {
  let last: string | undefined;
  let begun: string | undefined;
  let isHidden = false;
  try {
    for await (const { key, size, isDeleteMarker } of store.listVersions(prefix)) {
      if (key !== begun) isHidden = isDeleteMarker;
      begun = key;
      if (isDeleteMarker || key === last) continue;
      last = key;
      yield { key, size, isHidden };
    }
  } catch (error) {
    if (begun !== undefined || !isVersionless(error)) throw error;
    for await (const { key, size } of store.list(prefix)) yield { key, size, isHidden: false };
  }
}

/** `20260301T020000Z-…` → `2026-03-01T02:00:00Z`. */
export function startOf(setId: string): string {
  return setId.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ).*$/, '$1-$2-$3:$4:$5');
}
