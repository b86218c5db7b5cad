import type { EncryptionContext } from './kms.ts';

/** Who may use a key: grants, and the key's policy. Errors as `Kms`. */
export interface KmsAccess {
  /**
   * Lets a principal use the key, under a context only. A second call with the same name and values makes no second
   * grant, so it can be repeated. It is in force within minutes.
   */
  createGrant(keyId: string, grant: NewGrant): Promise<{ readonly grantId: string }>;

  listGrants(keyId: string): AsyncIterable<KmsGrant>;

  /** In force within minutes. @throws {PosternError} exit 1 `kms-grant-missing` */
  revokeGrant(keyId: string, grantId: string): Promise<void>;

  /** The key policy, a JSON document. */
  keyPolicy(keyId: string): Promise<string>;

  /**
   * Replaces the key policy. One that would lock its writer out is refused by the service.
   * @throws {PosternError} exit 2 `kms-policy-malformed`
   */
  putKeyPolicy(keyId: string, policy: string): Promise<void>;
}

/** What a grant can allow on a key that encrypts. */
export type GrantOperation =
  | 'Encrypt'
  | 'Decrypt'
  | 'GenerateDataKey'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'ReEncryptFrom'
  | 'ReEncryptTo'
  | 'DescribeKey';

/** `equals`: exactly this context. `includes`: at least these entries. */
export type GrantContext = { readonly equals: EncryptionContext } | { readonly includes: EncryptionContext };

export interface NewGrant {
  /** Names it, and makes the call repeatable. */
  readonly name: string;
  /** ARN of a user, role or account. */
  readonly grantee: string;
  readonly operations: readonly GrantOperation[];
  readonly context: GrantContext;
}

export interface KmsGrant {
  readonly grantId: string;
  readonly name?: string;
  /** ARN, or the name of one of AWS's services. */
  readonly grantee?: string;
  /** As the service names them; others made grants that `GrantOperation` does not list. */
  readonly operations: readonly string[];
  /** Left out when the grant holds under any context. */
  readonly context?: GrantContext;
  readonly created?: Date;
}
