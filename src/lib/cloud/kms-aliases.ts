/**
 * Names of keys that writers may use and that can be moved from one key to another. Nothing that decrypts goes by an
 * alias: every other method refuses it. Errors as `Kms`, and exit 2 `kms-alias-name` for a name that is not
 * `alias/` and letters, digits, `/`, `_`, `-`, or that begins with `alias/aws/`.
 */
export interface KmsAliases {
  /** All aliases, or those of one key. */
  listAliases(keyId?: string): AsyncIterable<KmsAlias>;

  /** @throws {PosternError} exit 1 `kms-alias-exists` */
  createAlias(name: string, keyId: string): Promise<void>;

  /**
   * Points an alias to another key of the same usage. Writers follow within minutes, not at once.
   * @throws {PosternError} exit 1 `kms-alias-missing`
   */
  moveAlias(name: string, keyId: string): Promise<void>;

  /** The key stays. @throws {PosternError} exit 1 `kms-alias-missing` */
  deleteAlias(name: string): Promise<void>;
}

export interface KmsAlias {
  /** `alias/mail-columns`. */
  readonly name: string;
  /** The id of the key it means now; left out for an alias of AWS's own that has no key yet. */
  readonly keyId?: string;
}
