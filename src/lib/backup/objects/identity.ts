import { hash } from 'node:crypto';
import type { InventoryObject } from './inventory.ts';

/**
 * What tells one content of one key from every other: the store's version id, or, where it keeps no versions (or
 * overwrites the version called `null`), size and time. As SHA-256, so that the state database learns no key.
 */
export function objectIdentity({ bucket, key, versionId, size, modified }: InventoryObject): Buffer {
  const { name, store, prefix } = bucket;
  const parts = [name, store.location, prefix, key, versionId ?? '', String(size), modified.toISOString()];
  return hash('sha256', parts.join('\0'), 'buffer');
}
