import type { SecretKey } from '../../crypto/openpgp-secret-key.ts';
import type { Plan } from '../../operation/plan.ts';
import { qualifiedName } from '../../platform/quote.ts';
import { keyringStatements } from '../format/keyring-sql.ts';
import type { Manifest, ManifestFile, ManifestKeyring } from '../format/manifest.ts';
import { listSets } from '../list.ts';
import { openSignedSet, readKeyringFile, readManifest, unlock } from '../read-set.ts';
import { sourceIn } from '../source-in.ts';
import type { WorkerPool } from '../worker/pool.ts';
import type { RestoreContext } from './context.ts';
import { markTable } from './marks.ts';

/** Where the wrapped keys of a restored database come from. */
export interface ChosenKeyring {
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
    const candidate = await readOtherManifest(context, setId, keys);
    const isFor = candidate.sources.some(({ name, keyring }) => name === sourceName && keyring.length > 0);
    if (isFor && (await isThere(context, candidate, sourceName))) return { setId, manifest: candidate };
  }
  return undefined;
}

async function isThere({ sets }: RestoreContext, manifest: Manifest, source: string): Promise<boolean> {
  const found = await Promise.all(
    keyringFiles(manifest, source).map(({ name }) => sets.store.head(sets.prefix + name)),
  );
  return found.every((object) => object !== undefined);
}

function keyringFiles(manifest: Manifest, source: string): readonly ManifestFile[] {
  return manifest.keyrings.filter((file) => file.source === source);
}

/** The manifest of another set of the destination. Errors as `openSignedSet` and `readManifest`. */
export async function readOtherManifest(
  { sets }: RestoreContext,
  setId: string,
  keys: readonly SecretKey[],
): Promise<Manifest> {
  return (await readManifest(sets, await openSignedSet(sets, setId), keys)).manifest;
}

/** Puts the wrapped keys back into the rows that they belong to. @returns how many rows got theirs */
export async function loadKeyring(
  context: RestoreContext,
  plan: Plan,
  { manifest }: ChosenKeyring,
  {
    source: name,
    encoding,
    pool,
  }: { readonly source: string; readonly encoding: string; readonly pool: WorkerPool },
): Promise<number> {
  const { source } = sourceIn(manifest, name);
  let rows = 0;
  for (const file of keyringFiles(manifest, name)) {
    const table = source.keyring[file.table ?? -1];
    if (table === undefined) throw new Error(`${file.name} belongs to no table`);
    const bytes = (await readKeyringFile(context.sets, file)).slice().buffer;
    const loaded = await pool.run(
      'load',
      {
        statements: { ...keyringStatements(table, encoding), target: targetOf(table) },
        bytes,
        headerBytes: file.headerBytes ?? 0,
        trailerBytes: file.trailerBytes ?? 0,
        plainSha256: file.plainSha256,
        markTable: markTable(plan),
        mark: file.name,
      },
      { transfer: [bytes] },
    );
    rows += loaded.rows;
  }
  return rows;
}

function targetOf({ schema, name }: ManifestKeyring): string {
  return `the keyring of ${qualifiedName(schema, name)}`;
}
