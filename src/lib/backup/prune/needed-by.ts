import type { Queryable } from '../../base/postgres.ts';

/**
 * The sets without which others could not be restored: a set of mail objects that holds only what is new needs the
 * sets that hold the rest. Nothing needs another set as long as every set is complete in itself.
 * @returns needed set to the set that needs it
 */
export async function setsNeededBy(
  _state: Queryable,
  _setIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  return new Map();
}
