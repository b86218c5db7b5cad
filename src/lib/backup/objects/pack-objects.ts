import { createHash, hash } from 'node:crypto';
import { failure } from '../../base/error.ts';
import type { StoredObject } from '../../cloud/object-store.ts';
import { missingReason, type ReadyItem } from './fetch-ahead.ts';
import type { IndexLine, MissingLine } from './index-line.ts';
import type { InventoryObject } from './inventory.ts';
import type { ObjectMemory } from './known-objects.ts';
import type { PartStream } from './part-stream.ts';
import { paddingOf, tarEnd, tarHead } from './tar-header.ts';

type NewItem = Extract<ReadyItem, { kind: 'whole' | 'stream' }>;

/** The archive of a set's own objects as it grows. */
export interface ObjectPack {
  /** @returns what the index says of it */
  add(ready: NewItem, name: string, identity: Buffer): Promise<IndexLine>;
  /** Ends the archive, if there is one. */
  finish(): Promise<void>;
}

export function packObjects(archive: PartStream, memory: ObjectMemory, setId: string): ObjectPack {
  return {
    add: async (ready, name, identity) => {
      const { item } = ready;
      const object = ready.kind === 'whole' ? ready.object : ready.opened.object;
      const size = ready.kind === 'whole' ? ready.body.byteLength : object.size;
      const head = tarHead({
        name,
        size,
        modified: object.modified,
        attributes: attributesOf(item, object, name),
      });
      await archive.write(head);
      const { offset } = archive;
      const sha256 = await writeBody(archive, ready, size);
      await archive.write(Buffer.alloc(paddingOf(size)));
      if (sha256 === undefined) return damaged(item);
      const stored = { offset, head: head.byteLength, size, sha256 };
      await memory.add(identity, stored);
      return {
        bucket: item.bucket.name,
        key: item.key,
        ...(item.versionId === undefined ? {} : { versionId: item.versionId }),
        modified: object.modified.toISOString(),
        ...(object.contentType === undefined ? {} : { contentType: object.contentType }),
        ...(hasEntries(object.metadata) ? { metadata: object.metadata } : {}),
        set: setId,
        ...stored,
        referenced: item.referenced,
        ...(item.state === 'deleted' ? { deleted: true as const } : {}),
      };
    },
    finish: async () => {
      if (archive.offset > 0) await archive.write(tarEnd);
    },
  };
}

/** @returns undefined when the store said on the way that its bytes are damaged: what lacks is filled up, and counts for nothing */
async function writeBody(archive: PartStream, ready: NewItem, size: number): Promise<string | undefined> {
  if (ready.kind === 'whole') {
    await archive.write(ready.body);
    return hash('sha256', ready.body, 'hex');
  }
  const sum = createHash('sha256');
  const begin = archive.offset;
  try {
    for await (const chunk of ready.opened.body) {
      sum.update(chunk);
      await archive.write(chunk);
    }
    if (archive.offset - begin === size) return sum.digest('hex');
    throw failure('a mail object came with another size than its store had told', { code: 'object-changed' });
  } catch (error) {
    if (missingReason(error) === undefined) throw error;
    for (let left = size - (archive.offset - begin); left > 0; left -= filler.byteLength)
      await archive.write(filler.subarray(0, left));
    return undefined;
  }
}

const filler = Buffer.alloc(2 ** 16);

function damaged({ bucket, key, referenced }: InventoryObject): MissingLine {
  return { bucket: bucket.name, key, missing: true, reason: 'damaged', referenced };
}

/** What restores an object's properties without the index. */
function attributesOf(
  { bucket, key, versionId }: InventoryObject,
  { contentType, metadata = {} }: StoredObject,
  name: string,
): Readonly<Record<string, string>> {
  return {
    ...(contentType === undefined ? {} : { mime_type: contentType }),
    ...(name === `${bucket.name}/${key}` ? {} : { 'postern.key': key }),
    ...(versionId === undefined ? {} : { 'postern.version': versionId }),
    ...Object.fromEntries(
      Object.entries(metadata).map(([field, value]) => [metadataAttribute + field, value]),
    ),
  };
}

const metadataAttribute = 'postern.meta.';

/** The properties of an object, from the attributes of its member. */
export function propertiesOf(attributes: Readonly<Record<string, string>>): {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
} {
  const { mime_type: contentType } = attributes;
  const metadata = Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => name.startsWith(metadataAttribute))
      .map(([name, value]) => [name.slice(metadataAttribute.length), value]),
  );
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(hasEntries(metadata) ? { metadata } : {}),
  };
}

function hasEntries(record: Readonly<Record<string, string>> | undefined): boolean {
  return record !== undefined && Object.keys(record).length > 0;
}
