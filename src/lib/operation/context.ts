import type { Actor } from '../audit/actor.ts';
import type { Clock } from '../base/clock.ts';
import type { Pool } from '../base/postgres.ts';
import type { Progress } from '../base/progress.ts';
import type { DsseSigner } from '../crypto/dsse.ts';

/** What every operation works with. Domains extend it with what their own steps need. */
export interface OperationContext {
  /** The profile that the command runs in; a plan belongs to one. */
  readonly profile: string;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly actor: Actor;
  /** Aborted when a person or the system asks to stop: work ends between two steps. */
  readonly signal: AbortSignal;
  /** How many operators besides the author must approve a plan of this kind. */
  approvalsFor(kind: string): number;
  /** The state database, migrated. */
  state(): Promise<Pool>;
  /** Who signs certificates; undefined where none is configured. */
  certificateSigner(): Promise<DsseSigner | undefined>;
}
