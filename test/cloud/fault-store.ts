import { createHash } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { openS3ObjectStore, type S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { answer, type Fault, type FaultServer, startFaultServer } from '../support/fault-server.ts';

/** The S3 adapter before a server that answers as it is told. */
export interface FaultStore {
  readonly server: Pick<FaultServer, 'script' | 'seen'>;
  /** Opens the store, which tells the server nothing yet. */
  readonly open: (options?: Partial<S3ObjectStoreOptions>) => Promise<ObjectStore>;
}

/** Starts the server before the tests of a file, and stops it after them. */
export function faultStore(defaults: Partial<S3ObjectStoreOptions>): FaultStore {
  let server: FaultServer;
  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());
  return {
    server: {
      get seen() {
        return server.seen;
      },
      script: (...faults) => server.script(...faults),
    },
    open: (options = {}) =>
      openS3ObjectStore({
        bucket: 'bucket',
        endpoint: server.endpoint,
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'very-secret' },
        ...defaults,
        ...options,
      }),
  };
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const hex = (value: Uint8Array): string => createHash('sha256').update(value).digest('hex');

export const xml = { 'content-type': 'application/xml' };

/** The answer to a PUT that has succeeded. */
export const stored = answer(200, { etag: '"x"', 'x-amz-version-id': 'v1' });

/** The headers of an object whose contents postern has hashed. */
export const headersOf = (body: Uint8Array) => ({
  etag: '"e"',
  'x-amz-version-id': 'v7',
  'x-amz-meta-postern-sha256': hex(body),
});

/** Answers a GET that begins in the middle. */
export const restOf =
  (body: Uint8Array): Fault =>
  (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]);
    answer(206, headersOf(body), body.subarray(start))(request, response);
  };
