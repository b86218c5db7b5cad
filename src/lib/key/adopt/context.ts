import type { KeyContext } from '../context.ts';

/** What adopting a column needs besides what all work on keys needs. */
export interface AdoptContext extends KeyContext {
  /** Of a column that pgcrypto encrypted, `schema.table.column`. @throws {PosternError} exit 2 where none is configured */
  readonly pgcryptoPassphrase: (column: string) => Promise<string>;
}
