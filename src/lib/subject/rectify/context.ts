import type { Client } from '../../base/postgres.ts';
import type { OperationContext } from '../../operation/context.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { NameHasher } from '../name-hash/index.ts';
import type { RectifyValues } from './values.ts';

export interface RectifyContext extends OperationContext {
  /** Where plans change the platform's database; the caller ends it. */
  openWriter(): Promise<Client>;
  map(): Promise<DataMap>;
  /** @throws {PosternError} exit 2 where no key is configured */
  hasher(): Promise<NameHasher>;
  /** What is corrected, where the same process was told. */
  readonly values?: RectifyValues;
}
