import { integrityError, PosternError } from '../../base/error.ts';
import { inParallel } from '../../base/in-parallel.ts';
import { sessionKeyFits } from '../../crypto/openpgp-container.ts';
import type { SessionKey } from '../../crypto/openpgp-session-key.ts';
import type { SetStore } from '../context.ts';
import { aboutFile } from '../damaged-file.ts';
import { fileName } from '../format/layout.ts';
import type { Manifest, ManifestFile } from '../format/manifest.ts';
import type { FileOpener } from './file-opener.ts';
import { readHead } from './read-head.ts';

export interface FoundSessionKeys {
  /** By the file's name in the manifest. */
  readonly keys: ReadonlyMap<string, SessionKey>;
  /** Keyrings that are gone: they end before their set does. */
  readonly gone: number;
}

/**
 * The session keys of all files of a set and of its keyrings, from the first bytes of each.
 * @throws {PosternError} exit 5 `file-missing`, `session-key-mismatch`; exit 1 as the store, and as `FileOpener`
 */
export async function sessionKeysOf(
  sets: SetStore,
  manifest: Manifest,
  { opener, sealedManifest }: { readonly opener: FileOpener; readonly sealedManifest: Uint8Array },
  { signal, onFile }: { readonly signal: AbortSignal; readonly onFile: () => void },
): Promise<FoundSessionKeys> {
  const keys = new Map<string, SessionKey>();
  let gone = 0;
  const add = async (name: string, head: Uint8Array): Promise<void> => {
    const key = await opener.sessionKey(name, head);
    if (!sessionKeyFits(head, key)) {
      throw integrityError(`${name} does not begin as its session key says`, {
        code: 'session-key-mismatch',
        hints: ['`postern backup verify` lists everything that is wrong with the set'],
      });
    }
    keys.set(name, key);
    onFile();
  };
  await add(fileName.manifest, sealedManifest);
  const files = [
    ...manifest.files.map((file) => ({ file, key: `${manifest.setId}/${file.name}`, mayBeGone: false })),
    ...manifest.keyrings.map((file) => ({ file, key: file.name, mayBeGone: true })),
  ];
  await inParallel(files, 8, async ({ file, key, mayBeGone }) => {
    signal.throwIfAborted();
    const head = await headOf(sets, file, sets.prefix + key);
    if (head !== undefined) return aboutFile(file.name, () => add(file.name, head));
    if (!mayBeGone) throw integrityError(`the set lacks ${file.name}`, { code: 'file-missing' });
    gone += 1;
  });
  return { keys, gone };
}

/** Of the version that the run stored, which nobody can have written over; of the newest one in a copied store. */
async function headOf(
  { store, destination }: SetStore,
  { copies }: ManifestFile,
  key: string,
): Promise<Uint8Array | undefined> {
  const versionId = copies[destination]?.versionId;
  for (const version of versionId === undefined ? [undefined] : [versionId, undefined]) {
    try {
      return await readHead(store, key, version);
    } catch (error) {
      if (!(error instanceof PosternError) || error.code !== 'object-missing') throw error;
    }
  }
  return undefined;
}
