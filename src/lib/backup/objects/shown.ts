import type { ManifestObjects } from '../format/manifest.ts';
import type { SetObjects } from '../results.ts';

/** What people are told of a set's mail objects. */
export function shownObjects({
  base,
  partPlainSize: _partPlainSize,
  archiveSize: _archiveSize,
  checksum: _checksum,
  ...counts
}: ManifestObjects): SetObjects {
  return { ...counts, base: base.map(({ setId }) => setId) };
}
