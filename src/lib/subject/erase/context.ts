import type { Client } from '../../base/postgres.ts';
import type { OperationContext } from '../../operation/context.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { KnownValues } from '../identity/spots.ts';
import type { NameHasher } from '../name-hash/index.ts';
import type { ScannedBucket } from '../residue/index.ts';
import type { Eraser } from './change/change-row.ts';

/** Until when backups hold what was erased. */
export interface BackupHorizon {
  /** Sets that are kept. */
  readonly sets: number;
  /** RFC 3339: no copy is locked longer; null where none is. */
  readonly lockedUntil: string | null;
  /** The same of the wrapped keys beside the sets; null where none is locked, or no key was shredded. */
  readonly keysLockedUntil: string | null;
}

export interface EraseContext extends OperationContext {
  /** Where plans change the platform's database; the caller ends it. */
  openWriter(): Promise<Client>;
  map(): Promise<DataMap>;
  /** @throws {PosternError} exit 2 where no key is configured */
  hasher(): Promise<NameHasher>;
  pseudonym(): Promise<Eraser['pseudonym']>;
  /** Every bucket that the profile knows a store for. */
  buckets(): Promise<readonly ScannedBucket[]>;
  horizon(): Promise<BackupHorizon>;
  /** Who is erased, where the same process was told; else they are found again by the hashes of the plan. */
  readonly subjects?: readonly KnownValues[];
}
