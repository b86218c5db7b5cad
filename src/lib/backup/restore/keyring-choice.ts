import { PosternError } from '../../base/error.ts';
import { bestEffort } from '../best-effort.ts';
import { isIntegrityError } from '../damaged-file.ts';
import type { Manifest, ManifestFile } from '../format/manifest.ts';
import { keyringEnd } from '../keyring-end.ts';
import type { FileOpener } from '../keys/file-opener.ts';
import type { UnlockedKeys } from '../keys/open-keys.ts';
import { type KnownCopy, knownCopies } from '../known-copy.ts';
import { listSets } from '../list.ts';
import { openSignedSet, readManifest } from '../read-set.ts';
import { olderVersions } from '../signed-object.ts';
import { sourceIn } from '../source-in.ts';
import type { RestoreContext } from './context.ts';
import { isLoaded, type OpenedSet, type RestoreWork } from './work.ts';

/** Where the wrapped keys of a restored database come from, and what should be there and is not. */
export interface KeyringChoice {
  /** The set whose keyring is used; null: the database has none, or none is left. */
  readonly keyring: { readonly setId: string } | null;
  /** Sets whose keyring was asked for and is gone, though its lock has not ended and postern has not pruned it. */
  readonly lostKeyrings: readonly string[];
  /** Rows that have a wrapped key in the set, and how many of them the keyring can give theirs at most. */
  readonly expected: number;
  readonly available: number;
}

type Chosen = Pick<RestoreWork, 'chosen'>;

/**
 * Chooses the keyring for a database of a set: its own, or the newest that is still there. A keyring goes earlier than
 * its set, so that erased keys are gone everywhere soon; one that goes before its time is told.
 */
export async function chooseKeyring(
  context: RestoreContext,
  { manifest, source, keys }: OpenedSet,
  chosen: Chosen,
): Promise<KeyringChoice> {
  const expected = wrappedKeys(manifest, source.name, chosen);
  if (source.keyring.length === 0) return { keyring: null, lostKeyrings: [], expected, available: expected };
  const lostKeyrings: string[] = [];
  let register: ReadonlyMap<string, KnownCopy> | undefined;
  for await (const candidate of candidates(context, manifest, source.name, keys)) {
    const { setId } = candidate;
    const missing = await missingParts(context, candidate, source.name);
    if (missing.length === 0) {
      const available = Math.min(expected, wrappedKeys(candidate, source.name, chosen));
      return { keyring: { setId }, lostKeyrings, expected, available };
    }
    register ??= await askRegister(context);
    const place = {
      destination: context.sets.destination,
      known: register.get(setId),
      now: context.clock.now(),
    };
    if (missing.some((part) => keyringEnd(part, place) === undefined)) lostKeyrings.push(setId);
  }
  return { keyring: null, lostKeyrings, expected, available: 0 };
}

/** The manifests of the set itself, and then of all younger ones that have a keyring for the database, newest first. */
async function* candidates(
  context: RestoreContext,
  manifest: Manifest,
  source: string,
  keys: UnlockedKeys,
): AsyncGenerator<Manifest> {
  yield manifest;
  const sets = await listSets(context.sets);
  for (const { setId, isComplete } of sets.toReversed()) {
    if (!isComplete || setId <= manifest.setId) continue;
    try {
      const { manifest: younger } = await readOtherManifest(context, setId, keys);
      if (younger.sources.some(({ name, keyring }) => name === source && keyring.length > 0)) yield younger;
    } catch (error) {
      const isClosed = error instanceof PosternError && error.code === 'not-for-these-keys';
      if (!isClosed && !isIntegrityError(error)) throw error;
      const why = isClosed ? 'as these keys do not open that set' : 'as that set is damaged';
      context.progress.warn(`the keyring of ${setId} is not looked for, ${why}: ${error.message}`);
    }
  }
}

async function askRegister(context: RestoreContext): Promise<ReadonlyMap<string, KnownCopy>> {
  const known = await bestEffort(context.progress, 'what postern has pruned is not known', async () =>
    knownCopies(await context.state(), context.sets),
  );
  return known ?? new Map();
}

async function missingParts(
  { sets }: RestoreContext,
  manifest: Manifest,
  source: string,
): Promise<readonly ManifestFile[]> {
  const found = await Promise.all(
    keyringFiles(manifest, source).map(async (file) => {
      const key = sets.prefix + file.name;
      // Hidden or written over is not gone.
      const isThere =
        (await sets.store.head(key)) !== undefined ||
        (await olderVersions(sets.store, key, file.size)).length > 0;
      return isThere ? [] : [file];
    }),
  );
  return found.flat();
}

/** The parts of a keyring of one database. */
export function keyringFiles(manifest: Manifest, source: string): readonly ManifestFile[] {
  return manifest.keyrings.filter((file) => file.source === source);
}

/** Rows of the loaded tables that have a wrapped key in this set. */
export function wrappedKeys(manifest: Manifest, source: string, chosen: Chosen): number {
  return sourceIn(manifest, source)
    .source.keyring.filter((table) => isLoaded(chosen, table))
    .reduce((sum, { rows }) => sum + rows, 0);
}

/** A manifest, and what opens the keyrings that it names. */
export interface OpenedKeyrings {
  readonly manifest: Manifest;
  readonly opener: FileOpener;
}

/** The manifest of another set of the destination. Errors as `openSignedSet` and `readManifest`. */
export async function readOtherManifest(
  { sets }: RestoreContext,
  setId: string,
  keys: UnlockedKeys,
): Promise<OpenedKeyrings> {
  return readManifest(sets, await openSignedSet(sets, setId), keys);
}
