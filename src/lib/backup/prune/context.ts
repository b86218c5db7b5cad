import type { OperationContext } from '../../operation/context.ts';
import type { Destination } from '../destination.ts';

/** What pruning works with. */
export interface PruneContext extends OperationContext {
  /** Opened with the credentials of this host, which must be allowed to list versions and to delete them. */
  destination(name: string): Promise<PrunedDestination>;
}

/** The part of a destination that pruning looks at. */
export interface PrunedDestination extends Pick<Destination, 'name' | 'store' | 'prefix'> {
  /** Milliseconds after which a keyring without a lock goes. */
  readonly keyringAge: number;
}
