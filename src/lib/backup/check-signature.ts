import { verifyDetached } from '../crypto/openpgp-signature.ts';
import type { SetStore } from './context.ts';
import { aboutFile, isIntegrityError } from './damaged-file.ts';
import { type FoundObject, olderVersions, readObject, readVersion } from './signed-object.ts';

/**
 * Checks the signature that lies beside an object.
 * @returns which version of the signature vouches for these bytes
 * @throws {PosternError} exit 5 when none does
 */
export async function checkSignature(
  { store, trustedSigners }: SetStore,
  signed: Uint8Array,
  { name, key }: { readonly name: string; readonly key: string },
): Promise<FoundObject['version']> {
  const check = (signature: Uint8Array): Promise<unknown> =>
    verifyDetached(signed, Buffer.from(signature).toString(), trustedSigners);
  return aboutFile(name, async () => {
    try {
      await check(await readObject(store, { name, key }));
      return 'newest';
    } catch (error) {
      if (!isIntegrityError(error)) throw error;
      for (const { versionId } of await olderVersions(store, key)) {
        const signature = await readVersion(store, { name, key, versionId });
        if (signature === undefined) continue;
        const fits = await check(signature).then(
          () => true,
          () => false,
        );
        if (fits) return 'older';
      }
      throw error;
    }
  });
}
