import { qualifiedName } from '../../platform/quote.ts';
import type { Manifest, ManifestFile, ManifestSource, ManifestTable } from '../format/manifest.ts';
import type { FileOpener } from '../keys/file-opener.ts';
import type { UnlockedKeys } from '../keys/open-keys.ts';
import type { SignedSet } from '../read-set.ts';

/** A set whose manifest is open, and the database of it that is restored. */
export interface OpenedSet {
  readonly set: SignedSet;
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  readonly source: ManifestSource;
  /** The database's own files. */
  readonly files: readonly ManifestFile[];
  /** Opens the set's files. */
  readonly opener: FileOpener;
  /** For other sets. */
  readonly keys: UnlockedKeys;
}

/** One database of a set on its way back: what every step of a restore works on, whoever asked for it. */
export interface RestoreWork extends OpenedSet {
  /**
   * The database's name until everything is loaded and compared: no application connects to it by mistake, and a
   * database of this name can only be this work's.
   */
  readonly workingName: string;
  /** The tables whose rows are loaded, as `qualifiedName`; undefined: all of them. */
  readonly chosen: ReadonlySet<string> | undefined;
  /** Whose keyring gives the wrapped keys; null: the database has none, or no keyring is left. */
  readonly keyring: { readonly setId: string } | null;
  /** Sets whose keyring was asked for and is gone before its time. */
  readonly lostKeyrings: readonly string[];
  /** Whether the erasures since the snapshot are repeated. */
  readonly erasures: 'replay' | 'skip';
}

/** Whether the rows of a table are among those that are loaded. */
export function isLoaded(
  { chosen }: Pick<RestoreWork, 'chosen'>,
  { schema, name }: { readonly schema: string; readonly name: string },
): boolean {
  return chosen === undefined || chosen.has(qualifiedName(schema, name));
}

/** The tables whose rows are loaded. */
export function loadedTables(work: Pick<RestoreWork, 'chosen' | 'source'>): readonly ManifestTable[] {
  return work.source.tables.filter((table) => isLoaded(work, table));
}

/** The parts with those rows. */
export function loadedParts(work: RestoreWork): readonly ManifestFile[] {
  return work.files.filter(({ kind, table: index }) => {
    const table = work.source.tables[index ?? -1];
    return kind === 'table-data' && table !== undefined && isLoaded(work, table);
  });
}
