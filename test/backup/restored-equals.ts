import type { Manifest, ManifestTable } from '../../src/lib/backup/format/manifest.ts';
import { openSignedSet, readManifest, unlock } from '../../src/lib/backup/read-set.ts';
import { openWorkerPool } from '../../src/lib/backup/worker/pool.ts';
import type { BackupWorld } from '../support/backup-world.ts';

export async function manifestOf(world: BackupWorld, setId: string): Promise<Manifest> {
  const set = await openSignedSet(world.sets, setId);
  return (await readManifest(world.sets, set, await unlock(world.secretKeys))).manifest;
}

/** Each table of a database, with rows and checksum as they are now, in the form of the manifest's. */
export async function tablesNow(
  url: string,
  { source, tables }: Manifest,
): Promise<readonly ManifestTable[]> {
  const pool = await openWorkerPool(
    2,
    { database: { url, encoding: source.encoding, writes: false } },
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
