import { usageError } from '../base/error.ts';
import type { Manifest, ManifestFile, ManifestSource } from './format/manifest.ts';

/** One database of a set and its files. @throws {PosternError} exit 2, `source-unknown` */
export function sourceIn(
  { setId, sources, files }: Manifest,
  name: string,
): { readonly source: ManifestSource; readonly files: readonly ManifestFile[] } {
  const source = sources.find((candidate) => candidate.name === name);
  if (source !== undefined) return { source, files: files.filter((file) => file.source === name) };
  throw usageError(`the set ${setId} holds no database ${name}`, {
    code: 'source-unknown',
    hints: [`it holds: ${sources.map((known) => known.name).join(', ')}`],
  });
}
