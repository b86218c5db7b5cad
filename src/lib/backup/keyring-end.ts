import type { ManifestFile } from './format/manifest.ts';
import type { KnownCopy } from './known-copy.ts';

export interface KeyringPlace {
  readonly destination: string;
  /** What the register says of the set there; undefined where it says nothing, or could not be asked. */
  readonly known: KnownCopy | undefined;
  readonly now: Date;
}

/**
 * Since when a part of a keyring may be gone: since postern pruned it, or since its lock ended, which the signed
 * manifest tells. In a copied store, whose name the manifest does not know, every lock must have ended.
 * @returns RFC 3339; undefined when it should still be there
 */
export function keyringEnd(
  { copies }: Pick<ManifestFile, 'copies'>,
  { destination, known, now }: KeyringPlace,
): string | undefined {
  const prunedAt = known?.keyringPrunedAt ?? undefined;
  if (prunedAt !== undefined) return prunedAt;
  const own = copies[destination];
  const asked = own === undefined ? Object.values(copies) : [own];
  const ends = asked.map(({ lockedUntil }) =>
    lockedUntil === undefined ? Infinity : Date.parse(lockedUntil),
  );
  const last = Math.max(...ends);
  return ends.length > 0 && last <= now.getTime() ? new Date(last).toISOString() : undefined;
}
