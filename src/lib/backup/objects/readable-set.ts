import type { SetStore } from '../context.ts';
import { decompressFrames } from '../format/zstd-frames.ts';
import type { UnlockedKeys } from '../keys/open-keys.ts';
import { openFiles, openSignedSet, readSignedFile, type SignedSet } from '../read-set.ts';

/** A set whose mail objects can be read: what vouches for its files, and what opens them. */
export interface ReadableSet {
  readonly set: SignedSet;
  /** Decrypts a whole file; it is still packed. */
  open(name: string, message: Uint8Array): Promise<Uint8Array>;
}

/** Sets that hold mail objects for each other. */
export interface ObjectSets {
  readonly sets: SetStore;
  /** Opens a set by its id. Errors as `openSignedSet`. */
  openSet(setId: string): Promise<ReadableSet>;
}

/** The sets of a destination, opened with whatever of these keys opens each. */
export function objectSets(sets: SetStore, keys: UnlockedKeys): ObjectSets {
  return {
    sets,
    openSet: async (setId) => {
      const set = await openSignedSet(sets, setId);
      const opener = await openFiles(sets, set, keys);
      return { set, open: (name, message) => opener.open(name, message) };
    },
  };
}

/**
 * What is inside a file, block by block; its hash is compared with what is signed before it is opened.
 * @throws {PosternError} exit 5
 */
export async function* readPlain(
  { sets }: ObjectSets,
  readable: ReadableSet,
  name: string,
): AsyncGenerator<Buffer> {
  const sealed = await readSignedFile(sets, readable.set, name);
  yield* decompressFrames(await readable.open(name, sealed));
}
