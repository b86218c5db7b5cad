import type { Client } from '../base/postgres.ts';
import type { KmsService } from '../cloud/kms-service.ts';
import type { OperationContext } from '../operation/context.ts';
import type { DataMap } from '../platform/map/index.ts';
import type { KeyVersion } from './keyring/key-version.ts';

/** What the work on keys of the platform needs. */
export interface KeyContext extends OperationContext {
  /** Where the platform database is looked at; the caller ends it. */
  openReader(): Promise<Client>;
  /** Where plans change it; the caller ends it. @throws {PosternError} exit 2 when no such login is configured */
  openWriter(): Promise<Client>;
  map(): Promise<DataMap>;
  kms(): Promise<KmsService>;
  /** How many requests this process has made to it. */
  kmsCalls(): number;
  /** A data key in clear, from memory where it was opened shortly before; a copy, which whoever asked wipes. */
  readonly openDataKey: (version: KeyVersion) => Promise<Uint8Array>;
}
