import { checkObjectKey } from '../../cloud/object-key.ts';
import { type ListedKey, listBucket } from './listing.ts';
import type { ObjectBucket } from './settings.ts';

/** An object that the set must hold. */
export interface InventoryObject extends ListedKey {
  readonly kind: 'object';
  readonly bucket: ObjectBucket;
  /** Whether a row of the snapshot names it. */
  readonly referenced: boolean;
}

/** An object that the set cannot hold. */
export interface MissingObject {
  readonly kind: 'missing';
  readonly bucket: ObjectBucket;
  readonly key: string;
  readonly referenced: boolean;
  /**
   * `absent`: the store does not have what a row names. `damaged`: the store says itself that the bytes are not those
   * that it was given. `name`: no store could take the key back, such as one with a `..` in it.
   */
  readonly reason: 'absent' | 'damaged' | 'name';
}

export type InventoryItem = InventoryObject | MissingObject;

/**
 * What a bucket has and what the snapshot refers to, side by side, in ascending byte order of the keys. The listing is
 * younger than the snapshot: an object that was deleted between the two is taken from below its delete marker.
 */
export async function* inventory(
  bucket: ObjectBucket,
  referenced: AsyncGenerator<Buffer>,
): AsyncGenerator<InventoryItem> {
  try {
    let wanted = await referenced.next();
    const absent = (order: Buffer): MissingObject => ({
      kind: 'missing',
      bucket,
      // No store has a key that is no UTF-8; what stands for it here is only for people.
      key: order.toString('utf8'),
      referenced: true,
      reason: 'absent',
    });
    for await (const listed of listBucket(bucket)) {
      while (wanted.done !== true && wanted.value.compare(listed.order) < 0) {
        yield absent(wanted.value);
        wanted = await referenced.next();
      }
      const isWanted = wanted.done !== true && wanted.value.equals(listed.order);
      if (isWanted) wanted = await referenced.next();
      if (listed.state === 'deleted' && !isWanted) continue;
      if (isStorable(listed.key)) yield { ...listed, kind: 'object', bucket, referenced: isWanted };
      else yield { kind: 'missing', bucket, key: listed.key, referenced: isWanted, reason: 'name' };
    }
    while (wanted.done !== true) {
      yield absent(wanted.value);
      wanted = await referenced.next();
    }
  } finally {
    await referenced.return(undefined);
  }
}

function isStorable(key: string): boolean {
  try {
    checkObjectKey(key);
    return true;
  } catch {
    return false;
  }
}
