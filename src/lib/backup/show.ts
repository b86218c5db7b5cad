import { qualifiedName } from '../platform/quote.ts';
import type { SecretKeys, SetStore } from './context.ts';
import type { Manifest, ManifestSource } from './format/manifest.ts';
import { keysFor } from './keys/open-keys.ts';
import { shownObjects } from './objects/shown.ts';
import { openSignedSet, readManifest, unlock } from './read-set.ts';
import type { BackupShowResult } from './results.ts';

/** What a set says of itself; with a secret key, what is in it. Errors as `openSignedSet` and `readManifest`. */
export async function showSet(
  sets: SetStore,
  setId: string,
  keys: SecretKeys | undefined,
): Promise<BackupShowResult> {
  const set = await openSignedSet(sets, setId);
  const fitting = keysFor(set, keys);
  const opened = fitting === undefined ? undefined : await readManifest(sets, set, await unlock(fitting));
  const { stub } = set;
  return {
    setId,
    location: `${sets.store.location}/${sets.prefix}${setId}`,
    profile: stub.profile,
    finishedAt: stub.finishedAt,
    signer: set.signer,
    signedAt: set.signedAt.toISOString(),
    recipients: stub.recipients,
    previous: stub.previous,
    files: stub.files.length,
    bytes: stub.files.reduce((sum, { size }) => sum + size, 0),
    manifest: opened === undefined ? null : contents(opened.manifest),
  };
}

function contents({ tool, startedAt, sources, files, objects }: Manifest): BackupShowResult['manifest'] {
  const shown = sources.map((source) => {
    const own = files.filter((file) => file.source === source.name);
    return showSource(source, own);
  });
  return { tool, startedAt, sources: shown, objects: objects === null ? null : shownObjects(objects) };
}

function showSource(source: ManifestSource, files: Manifest['files']) {
  const { name, database, serverVersion, encoding, lsn, schemaDump, tables, largeObjects, keyring } = source;
  const plainBytes = new Map<number, number>();
  for (const { table, plainSize } of files) {
    if (table !== undefined) plainBytes.set(table, (plainBytes.get(table) ?? 0) + plainSize);
  }
  return {
    name,
    database,
    serverVersion,
    encoding,
    lsn,
    schemaDump,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    largeObjects: largeObjects.rows,
    wrappedKeys: keyring.reduce((sum, { rows }) => sum + rows, 0),
    tables: tables.map((table, index) => ({
      table: qualifiedName(table.schema, table.name),
      rows: table.rows,
      checksum: table.checksum,
      plainBytes: plainBytes.get(index) ?? 0,
    })),
  };
}
