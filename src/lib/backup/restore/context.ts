import type { ObjectStore } from '../../cloud/object-store.ts';
import type { OperationContext } from '../../operation/context.ts';
import type { SecretKeys, SetStore } from '../context.ts';
import type { ErasureReplayer } from '../erasure/replayer.ts';

/** What a restore works with. */
export interface RestoreContext extends OperationContext {
  readonly sets: SetStore;
  readonly secretKeys: SecretKeys;
  /** A login on the server that takes the restored database, with its password; it may make databases. */
  readonly serverUrl: string;
  readonly workers: number;
  readonly pgDump?: string;
  /** Who can repeat which kind of erasure. */
  readonly erasureReplayers: readonly ErasureReplayer[];
  /** A store of the configuration, for mail objects. @throws {PosternError} exit 2 where it is none */
  objectStore(name: string): Promise<ObjectStore>;
}
