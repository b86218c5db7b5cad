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

  /** What the store knows of an object, or undefined when there is none. */
  head(key: string, options?: { readonly versionId?: string }): Promise<StoredObject | undefined>;

  /** The newest version of every key under the prefix, in ascending byte order of the keys. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /** Every version and delete marker under the prefix; empty history for a store without versions is one version each. */
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
  /** Lowercase hex, where the store kept one. */
  readonly sha256?: string;
  readonly modified: Date;
  readonly retention?: Retention;
  readonly metadata?: Readonly<Record<string, string>>;
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
}
