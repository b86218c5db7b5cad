/**
 * A place for objects: S3 or a folder. Keys are `/`-separated UTF-8 without `..`. Adapters translate their own
 * errors into `PosternError`s, except for the outcomes that callers decide upon, which are values here.
 */
export interface ObjectStore {
  /** Where this is, for messages: `s3://bucket/prefix` or `file:///path`. Never a credential. */
  readonly location: string;

  /**
   * Stores a whole object and returns only once it is durable.
   * @throws {PosternError} exit 1 when the store refuses or cannot be reached; `code: 'object-exists'` (exit 6) when
   * `ifNoneMatch` is `'*'` and the key is taken
   */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<StoredObject>;

  /**
   * Reads a whole object, or a byte range of it (`end` is inclusive, as in HTTP).
   * @throws {PosternError} exit 1, `code: 'object-missing'` when there is none
   */
  get(key: string, options?: GetOptions): Promise<Uint8Array>;

  /** Reads an object as a stream of chunks, for bodies that should not stand in memory. Errors as `get`. */
  getStream(key: string, options?: GetOptions): AsyncIterable<Uint8Array>;

  /**
   * Reads an object with what the store knows of it, in one request. The request stays open until the body was read
   * to its end or given up (`break`), so begin to read it. Errors as `get`.
   */
  open(key: string, options?: GetOptions): Promise<OpenedObject>;

  /**
   * What the store knows of an object, or undefined when there is none, or the newest version is a delete marker.
   * Credentials that may write but not read contents learn less: size, version, time and retention, and neither
   * `sha256` nor `contentType` nor `metadata`. Retention is never left out for want of a permission.
   * @throws {PosternError} exit 1 `store-refused` when not even that may be asked
   */
  head(key: string, options?: { readonly versionId?: string }): Promise<StoredObject | undefined>;

  /** The newest version of every key under the prefix, in ascending byte order of the keys. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /** Every version and delete marker under the prefix, newest first within a key; empty history for a store without versions is one version each. */
  listVersions(prefix: string): AsyncIterable<ListedVersion>;

  /**
   * Deletes one version for good, or, without a version id, hides the key behind a delete marker (or removes it
   * where the store keeps no versions).
   * @returns `retained` when the store refuses because of retention or a legal hold, `absent` when nothing is there
   */
  delete(key: string, options?: { readonly versionId?: string }): Promise<'deleted' | 'retained' | 'absent'>;

  /** What this store can do, found by asking it; used by `doctor` and to choose a checksum. Changes nothing. */
  capabilities(): Promise<StoreCapabilities>;
}

export interface PutOptions {
  /** `'*'`: fail when the key exists. */
  readonly ifNoneMatch?: '*';
  readonly contentType?: string;
  /** Retention of this version; the store must support object lock. */
  readonly retention?: Retention;
  /** Small string metadata, lowercase keys. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface GetOptions {
  readonly versionId?: string;
  readonly range?: { readonly start: number; readonly end: number };
}

export interface Retention {
  readonly mode: 'governance' | 'compliance';
  readonly until: Date;
}

export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly versionId?: string;
  /** Lowercase hex, where the store kept one and these credentials may ask for it. */
  readonly sha256?: string;
  readonly modified: Date;
  readonly retention?: Retention;
  /** As it was stored; a store may name a default of its own where none was given. */
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The KMS key that the store itself encrypts it by, where it does so and tells. */
  readonly kmsKeyId?: string;
}

export interface OpenedObject {
  /** `size` is the whole object's, also where a range of it was asked for. */
  readonly object: StoredObject;
  /** Can be read once. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly modified: Date;
}

export interface ListedVersion extends ListedObject {
  readonly versionId?: string;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
}

export interface StoreCapabilities {
  readonly versioning: boolean | 'unknown';
  readonly objectLock: boolean | 'unknown';
  readonly defaultRetention: 'none' | 'governance' | 'compliance' | 'unknown';
  /** The store's own name for it (`AES256`, `aws:kms`), `none`, or `unknown`. */
  readonly encryptionAtRest: string;
  /** The KMS key of that, as the bucket names it, an alias too; left out where it is not a customer's own. */
  readonly encryptionKeyId?: string;
  /** Whether a lifecycle rule ends uploads that were begun and never finished, which are billed and never listed. */
  readonly abortsUploads: boolean | 'unknown';
  /** `postern`: retention is a promise of this program, and whoever owns the disk can break it. */
  readonly retentionKeptBy: 'store' | 'postern';
  /** The store's clock when it was asked, to the second. */
  readonly time: Date | 'unknown';
}
