import type { ManifestFile, ManifestSource, ManifestTable } from '../../src/lib/backup/format/manifest.ts';
import { openSignedSet, readManifest, unlock } from '../../src/lib/backup/read-set.ts';
import { sourceIn } from '../../src/lib/backup/source-in.ts';
import { openWorkerPool } from '../../src/lib/backup/worker/pool.ts';
import type { BackupWorld } from '../support/backup-world.ts';

/** The platform database's part of a manifest, and its files. */
export async function manifestOf(
  world: BackupWorld,
  setId: string,
): Promise<ManifestSource & { readonly files: readonly ManifestFile[] }> {
  const set = await openSignedSet(world.sets, setId);
  const { manifest } = await readManifest(world.sets, set, await unlock(world.secretKeys));
  const { source, files } = sourceIn(manifest, 'platform');
  return { ...source, files };
}

/** Each table of a database, with rows and checksum as they are now, in the form of the manifest's. */
export async function tablesNow(
  url: string,
  { encoding, tables }: ManifestSource,
): Promise<readonly ManifestTable[]> {
  const pool = await openWorkerPool(
    2,
    { database: { url, encoding, writes: false } },
    new AbortController().signal,
  );
  try {
    return await Promise.all(
      tables.map(async (table) => ({ ...table, ...(await pool.run('sum', { table })) })),
    );
  } finally {
    await pool.close();
  }
}
