import { qualifiedName } from '../../platform/quote.ts';
import { keyringStatements } from '../format/keyring-sql.ts';
import type { Manifest, ManifestFile, ManifestKeyring } from '../format/manifest.ts';
import type { FileOpener } from '../keys/file-opener.ts';
import type { UnlockedKeys } from '../keys/open-keys.ts';
import { listSets } from '../list.ts';
import { openSignedSet, readKeyringFile, readManifest, unlock } from '../read-set.ts';
import { olderVersions } from '../signed-object.ts';
import { sourceIn } from '../source-in.ts';
import type { RestoreContext } from './context.ts';
import { openLoaders } from './load-rows.ts';
import { markTable } from './marks.ts';
import { isLoaded, type RestoreWork } from './work.ts';

/** Where the wrapped keys of a restored database come from. */
interface ChosenKeyring {
  /** The set whose keyring is used: the restored one's own, or the newest one that still has its keyring. */
  readonly setId: string;
  readonly manifest: Manifest;
}

/**
 * Chooses the keyring for a database of a set. A keyring goes earlier than its set, so that erased keys are gone
 * everywhere soon: an older set then takes what is still there of its keys from a younger keyring.
 * @returns undefined when the database has no wrapped keys, or none of its keyrings is left
 */
export async function chooseKeyring(
  context: RestoreContext,
  manifest: Manifest,
  sourceName: string,
): Promise<ChosenKeyring | undefined> {
  if (sourceIn(manifest, sourceName).source.keyring.length === 0) return undefined;
  if (await isThere(context, manifest, sourceName)) return { setId: manifest.setId, manifest };
  const keys = await unlock(context.secretKeys);
  const sets = await listSets(context.sets);
  for (const { setId, isComplete } of sets.toReversed()) {
    if (!isComplete || setId <= manifest.setId) continue;
    const { manifest: candidate } = await readOtherManifest(context, setId, keys);
    const isFor = candidate.sources.some(({ name, keyring }) => name === sourceName && keyring.length > 0);
    if (isFor && (await isThere(context, candidate, sourceName))) return { setId, manifest: candidate };
  }
  return undefined;
}

async function isThere({ sets }: RestoreContext, manifest: Manifest, source: string): Promise<boolean> {
  const found = await Promise.all(
    keyringFiles(manifest, source).map(async ({ name, size }) => {
      const key = sets.prefix + name;
      // Hidden or written over is not gone.
      return (
        (await sets.store.head(key)) !== undefined || (await olderVersions(sets.store, key, size)).length > 0
      );
    }),
  );
  return found.every((there) => there);
}

function keyringFiles(manifest: Manifest, source: string): readonly ManifestFile[] {
  return manifest.keyrings.filter((file) => file.source === source);
}

/** A manifest, and what opens the keyrings that it names. */
interface OpenedKeyrings {
  readonly manifest: Manifest;
  readonly opener: FileOpener;
}

/** The manifest of another set of the destination. Errors as `openSignedSet` and `readManifest`. */
async function readOtherManifest(
  { sets }: RestoreContext,
  setId: string,
  keys: UnlockedKeys,
): Promise<OpenedKeyrings> {
  return readManifest(sets, await openSignedSet(sets, setId), keys);
}

/** What came of the wrapped keys. */
export interface RestoredKeyring {
  /** The set whose keyring was used; null: none is left, or the database has none. */
  readonly from: string | null;
  readonly rows: number;
  /** Rows that have no wrapped key now: those of persons who were erased since, or all without a keyring. */
  readonly missing: number;
}

/** Wrapped keys lie apart from the rows; a younger keyring no longer has those of persons who were erased since. */
export async function restoreKeyring(context: RestoreContext, work: RestoreWork): Promise<RestoredKeyring> {
  const { source, manifest, keyring } = work;
  const expected = source.keyring
    .filter((table) => isLoaded(work, table))
    .reduce((sum, { rows }) => sum + rows, 0);
  if (keyring === null) return { from: null, rows: 0, missing: expected };
  const from =
    keyring.setId === manifest.setId ? work : await readOtherManifest(context, keyring.setId, work.keys);
  const rows = await loadKeyring(context, work, from);
  return { from: keyring.setId, rows, missing: expected - rows };
}

/** Puts the wrapped keys of a manifest back into the rows that they belong to. @returns how many rows got theirs */
async function loadKeyring(
  context: RestoreContext,
  work: RestoreWork,
  { manifest, opener }: OpenedKeyrings,
): Promise<number> {
  const { source } = sourceIn(manifest, work.source.name);
  const pool = await openLoaders(context, work, 1);
  let rows = 0;
  try {
    for (const file of keyringFiles(manifest, source.name)) {
      const table = source.keyring[file.table ?? -1];
      if (table === undefined) throw new Error(`${file.name} belongs to no table`);
      if (!isLoaded(work, table)) continue;
      const bytes = (await readKeyringFile(context.sets, file)).slice().buffer;
      const loaded = await pool.run(
        'load',
        {
          statements: { ...keyringStatements(table, work.source.encoding), target: targetOf(table) },
          bytes,
          sessionKey: await opener.sessionKey(file.name, new Uint8Array(bytes)),
          headerBytes: file.headerBytes ?? 0,
          trailerBytes: file.trailerBytes ?? 0,
          plainSha256: file.plainSha256,
          markTable: markTable(work.workingName),
          mark: file.name,
        },
        { transfer: [bytes] },
      );
      rows += loaded.rows;
    }
  } finally {
    await pool.close();
  }
  return rows;
}

function targetOf({ schema, name }: ManifestKeyring): string {
  return `the keyring of ${qualifiedName(schema, name)}`;
}
