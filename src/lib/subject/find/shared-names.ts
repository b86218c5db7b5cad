import { usageError } from '../../base/error.ts';
import type { Identity } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { nameSet } from '../redact/name-set.ts';

/** Tells the names that several persons share, as the address of an office: they lead to nobody. */
export type SharedTest = (identity: Identity, value: string) => boolean;

/**
 * @param shared by kind of identity
 * @param seeds the names of each person that were given
 * @returns undefined where none is shared
 * @throws {PosternError} exit 2 `name-shared`: a person was given by such a name
 */
export function sharedTest(
  identities: ReadonlyMap<string, Identity>,
  shared: KnownValues,
  seeds: readonly KnownValues[],
): SharedTest | undefined {
  if (shared.size === 0) return undefined;
  const names = nameSet(shared, identities);
  const isShared: SharedTest = (identity, value) => names.has(identity, value);
  for (const identity of identities.values()) {
    const given = seeds.flatMap((seed) => [...(seed.get(identity.kind) ?? [])]);
    if (!given.some((value) => isShared(identity, value))) continue;
    throw usageError('a person was given by a name that several share', {
      code: 'name-shared',
      hints: ['give a name that is theirs alone, and the shared one by --shared'],
    });
  }
  return isShared;
}
