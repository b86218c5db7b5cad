import { timingSafeEqual } from 'node:crypto';
import { PosternError } from '../../base/error.ts';
import type { EncryptionContext, Kms } from '../../cloud/kms.ts';
import type { KeyVersion } from '../keyring/key-version.ts';

/** A data key, wrapped anew. */
export type Rewrapped =
  | { readonly kind: 'rewrapped'; readonly wrapped: Buffer; readonly material: string | undefined }
  /** Why this key cannot be: it stays as it is. */
  | { readonly kind: 'refused'; readonly reason: string };

/** These say something about one wrapped key; every other error ends the work. */
const concernsOneKey = new Set(['kms-wrong-key', 'kms-key-unusable', 'kms-key-missing', 'kms-alias']);

/**
 * Wraps a data key anew inside the service, and proves before anything is written that what came back opens to the
 * same data key: a wrapped key that opens to nothing loses everything under it.
 */
export async function rewrapKey(
  kms: Pick<Kms, 'reEncrypt' | 'decrypt'>,
  { kek, wrapped, context }: KeyVersion,
  to: { readonly keyId: string; readonly context: EncryptionContext; readonly former: string | undefined },
): Promise<Rewrapped> {
  let before: Uint8Array | undefined;
  let after: Uint8Array | undefined;
  try {
    const from = { keyId: kek, context };
    const { ciphertext, destinationMaterialId } = await kms.reEncrypt({
      ciphertext: wrapped,
      from,
      to: { keyId: to.keyId, context: to.context },
    });
    // A server of the service that has not heard of the rotation yet.
    if (to.former !== undefined && destinationMaterialId === to.former) {
      return { kind: 'refused', reason: 'kms-former-material' };
    }
    before = await kms.decrypt(kek, wrapped, context);
    after = await kms.decrypt(to.keyId, ciphertext, to.context);
    const isSame = before.length === after.length && timingSafeEqual(before, after);
    if (!isSame) return { kind: 'refused', reason: 'read-back' };
    return { kind: 'rewrapped', wrapped: Buffer.from(ciphertext), material: destinationMaterialId };
  } catch (error) {
    if (error instanceof PosternError && error.code !== undefined && concernsOneKey.has(error.code)) {
      return { kind: 'refused', reason: error.code };
    }
    throw error;
  } finally {
    before?.fill(0);
    after?.fill(0);
  }
}
