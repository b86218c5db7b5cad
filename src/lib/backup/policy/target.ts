import type { ObjectLock } from '../destination.ts';

/** The part of a bucket that the sets of one profile are in. */
export interface PolicyTarget {
  readonly bucket: string;
  /** From the bucket's root, with a slash at its end. */
  readonly prefix: string;
  /** As `eu-central-1`; it decides on the partition of the ARNs. */
  readonly region: string | undefined;
  readonly lock: ObjectLock | undefined;
  readonly keyringLock: ObjectLock | undefined;
  /** Milliseconds by which the archives of mail objects are locked longer than the rest of a set; none unless told. */
  readonly objectsLonger?: number;
  /** `emulated`: the store does not know If-None-Match, so nothing can be asked of it. */
  readonly conditionalPut: 'native' | 'emulated';
  /** `plain`: the store is spoken to over HTTP, so a policy that asks for TLS would lock everybody out; `tls` unless told. */
  readonly transport?: 'tls' | 'plain';
  /** Of the user or role that writes; the bucket then refuses it everything else, whatever is attached to it. */
  readonly writerArn?: string;
}
