import type { ListedVersion } from '../../cloud/object-store.ts';
import type { Destination } from '../destination.ts';
import { fileName, isSetId } from '../format/layout.ts';

/** What lies under one name of a set, with every version and delete marker. */
export interface Folder {
  readonly setId: string;
  readonly startedAt: Date;
  readonly versions: number;
  /** Of all versions. */
  readonly bytes: number;
}

export interface SetFolder extends Folder {
  /**
   * Whether any version of the manifest is there. Not the newest alone: a delete marker that somebody puts over a
   * manifest must not make parts without an owner of a good set.
   */
  readonly isComplete: boolean;
  /** A delete marker hides the manifest from ordinary listings. */
  readonly isHidden: boolean;
}

/** What the probes of `doctor` left behind, one object a day. */
interface Probes {
  readonly versions: number;
  readonly bytes: number;
}

/** All that a destination holds of the profile, oldest set first. */
export interface Inventory {
  readonly sets: readonly SetFolder[];
  /** Wrapped keys of subjects, by the set that they belong to. */
  readonly keyrings: readonly Folder[];
  /** Session keys for later recipients, by their set. */
  readonly rewraps: readonly Folder[];
  /** Probes that are older than two days. */
  readonly oldProbes: Probes;
  /** Versions of objects that are none of postern's; they are never touched. */
  readonly foreign: number;
}

/** Where the files of a set lie, besides its keyring, which goes on a clock of its own. */
export function setFolders({ prefix }: Pick<Destination, 'prefix'>, setId: string): readonly string[] {
  return [`${prefix}${setId}/`, `${prefix}rewraps/${setId}/`];
}

export const probeAge = 2 * 86_400_000;

type Draft = { -readonly [Key in keyof SetFolder]: SetFolder[Key] };

/** Lists everything of the profile at a destination, in one pass. Errors as `listVersions`. */
export async function takeInventory(
  { store, prefix }: Pick<Destination, 'store' | 'prefix'>,
  now: Date,
): Promise<Inventory> {
  const drafts = {
    sets: new Map<string, Draft>(),
    keyrings: new Map<string, Draft>(),
    rewraps: new Map<string, Draft>(),
  };
  const oldProbes = { versions: 0, bytes: 0 };
  let foreign = 0;
  for await (const version of store.listVersions(prefix)) {
    const [top = '', second = '', ...rest] = version.key.slice(prefix.length).split('/');
    if (top === 'probe') {
      if (now.getTime() - version.modified.getTime() < probeAge) continue;
      oldProbes.versions += 1;
      oldProbes.bytes += version.size;
    } else if (top === 'keyrings' || top === 'rewraps') {
      if (rest.length === 0 || !add(drafts[top], second, version, rest.join('/'))) foreign += 1;
    } else if (!add(drafts.sets, top, version, [second, ...rest].join('/'))) foreign += 1;
  }
  return {
    sets: inOrder(drafts.sets),
    keyrings: inOrder(drafts.keyrings),
    rewraps: inOrder(drafts.rewraps),
    oldProbes,
    foreign,
  };
}

/** @returns false when the folder is that of no set */
function add(folders: Map<string, Draft>, setId: string, version: ListedVersion, file: string): boolean {
  const startedAt = startOfSet(setId);
  if (startedAt === undefined || file === '') return false;
  const known = folders.get(setId) ?? {
    setId,
    startedAt,
    versions: 0,
    bytes: 0,
    isComplete: false,
    isHidden: false,
  };
  known.versions += 1;
  known.bytes += version.size;
  if (file === fileName.manifest) {
    known.isComplete ||= !version.isDeleteMarker;
    known.isHidden ||= version.isDeleteMarker && version.isLatest;
  }
  folders.set(setId, known);
  return true;
}

function inOrder(folders: ReadonlyMap<string, Draft>): readonly SetFolder[] {
  return [...folders.values()].toSorted((a, b) => (a.setId < b.setId ? -1 : 1));
}

/** When a set's run began, from its name; undefined for what only looks like one. */
function startOfSet(setId: string): Date | undefined {
  if (!isSetId(setId)) return undefined;
  const iso = setId.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3:$4:$5.000Z');
  const at = new Date(iso);
  // `20260231T…` would be taken for a day in March.
  return !Number.isNaN(at.getTime()) && at.toISOString() === iso ? at : undefined;
}
