import { qualifiedName } from '../../platform/quote.ts';
import { keyringStatements } from '../format/keyring-sql.ts';
import type { ManifestKeyring } from '../format/manifest.ts';
import { readKeyringFile } from '../read-set.ts';
import { sourceIn } from '../source-in.ts';
import type { RestoreContext } from './context.ts';
import { keyringFiles, type OpenedKeyrings, readOtherManifest, wrappedKeys } from './keyring-choice.ts';
import { keyringProblem, loud } from './keyring-text.ts';
import { openLoaders } from './load-rows.ts';
import { markTable } from './marks.ts';
import { isLoaded, type RestoreWork } from './work.ts';

/** What came of the wrapped keys. */
export interface RestoredKeyring {
  /** The set whose keyring was used; null: none is left, or the database has none. */
  readonly from: string | null;
  readonly rows: number;
  /** Rows that have no wrapped key now: those of persons who were erased since, or all without a keyring. */
  readonly missing: number;
  /** Sets whose keyring was asked for and is gone before its time. */
  readonly lost: readonly string[];
}

/**
 * Wrapped keys lie apart from the rows; a younger keyring no longer has those of persons who were erased since. What
 * is gone for another reason is a warning.
 */
export async function restoreKeyring(context: RestoreContext, work: RestoreWork): Promise<RestoredKeyring> {
  const { source, manifest, keyring, lostKeyrings } = work;
  const rows =
    keyring === null ? 0 : await loadKeyring(context, work, await openKeyrings(context, work, keyring.setId));
  const restored = {
    from: keyring?.setId ?? null,
    rows,
    missing: wrappedKeys(manifest, source.name, work) - rows,
    lost: lostKeyrings,
  };
  const problem = keyringProblem(restored, { source: source.name, destination: context.sets.destination });
  if (problem !== undefined) context.progress.warn(loud(problem));
  return restored;
}

async function openKeyrings(
  context: RestoreContext,
  work: RestoreWork,
  setId: string,
): Promise<OpenedKeyrings> {
  return setId === work.manifest.setId ? work : readOtherManifest(context, setId, work.keys);
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
