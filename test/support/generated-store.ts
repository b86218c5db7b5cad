import { createCipheriv, hash } from 'node:crypto';
import { failure } from '../../src/lib/base/error.ts';
import type { ObjectStore, StoredObject } from '../../src/lib/cloud/object-store.ts';

/** A body of 0.5 to 8 KB that only its key decides; half of it compresses. */
export function generatedBody(key: string): Uint8Array {
  const seed = hash('sha256', key, 'buffer');
  const size = 512 + (seed.readUInt16BE(0) % 7680);
  const cipher = createCipheriv('aes-256-ctr', seed, Buffer.alloc(16));
  return Buffer.concat([cipher.update(Buffer.alloc(size >> 1)), Buffer.alloc(size - (size >> 1), 0x61)]);
}

/** Keys `raw/1` to `raw/COUNT` in byte order, without a list of them in memory. */
function* keys(count: number): Generator<string> {
  // Depth first through the decimal tree is the order of the digits' bytes.
  function* under(prefix: number): Generator<string> {
    if (prefix > count) return;
    yield `raw/${prefix}`;
    for (let digit = 0; digit < 10; digit += 1) yield* under(prefix * 10 + digit);
  }
  for (let first = 1; first < 10; first += 1) yield* under(first);
}

const modified = new Date('2026-03-01T00:00:00Z');

/** A store that makes its objects when they are asked for, so that a test of many measures the reader alone. */
export function generatedStore(count: number): ObjectStore {
  const refuse = (): never => {
    throw failure('this store can only be listed and read');
  };
  const object = (key: string, body: Uint8Array): StoredObject => ({
    key,
    size: body.byteLength,
    modified,
    versionId: hash('sha256', `version ${key}`, 'hex').slice(0, 32),
    contentType: 'message/rfc822',
  });
  return {
    location: 'generated://',
    put: async () => refuse(),
    get: async (key) => generatedBody(key),
    getStream: async function* (key) {
      yield generatedBody(key);
    },
    open: async (key) => {
      const body = generatedBody(key);
      const stream = async function* () {
        yield body;
      };
      return { object: object(key, body), body: stream() };
    },
    head: async (key) => object(key, generatedBody(key)),
    list: async function* () {
      for (const key of keys(count)) yield object(key, generatedBody(key));
    },
    listVersions: async function* () {
      for (const key of keys(count))
        yield { ...object(key, generatedBody(key)), isLatest: true, isDeleteMarker: false };
    },
    delete: async () => refuse(),
    capabilities: async () => ({
      versioning: true,
      objectLock: false,
      defaultRetention: 'none',
      encryptionAtRest: 'none',
      abortsUploads: true,
      retentionKeptBy: 'postern',
      time: new Date(),
    }),
  };
}
