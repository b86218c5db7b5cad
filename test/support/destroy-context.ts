import type { DestroyContext } from '../../src/lib/key/destroy/index.ts';
import { keyContextOn } from './key-context.ts';

/** A context for the end of KMS keys: nothing names a key, there is one database, and no set is opened by a KMS key. */
export async function destroyContextOn(
  where: Parameters<typeof keyContextOn>[0],
  own: Partial<DestroyContext> = {},
): Promise<DestroyContext> {
  return {
    ...(await keyContextOn(where)),
    namedKeys: () => Promise.resolve([]),
    otherDatabases: [],
    kmsKeysOfSets: (copies) =>
      Promise.resolve(copies.map((copy) => ({ ...copy, keyId: null, problem: null }))),
    ...own,
  };
}
