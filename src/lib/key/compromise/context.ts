import type { KeyContext } from '../context.ts';
import type { RegisterContext } from '../register/context.ts';
import type { FoundSetKeys } from './set-keys.ts';

/** What it takes to find out what a key that leaked may have given away, and to plan what follows. */
export interface CompromiseContext {
  /** It need not ask which keys open which sets: `setKeys` does. */
  readonly register: RegisterContext;
  /** For plans; undefined where the profile has no platform with keyrings, or no state to keep plans in. */
  readonly keys?: () => Promise<KeyContext>;
  /** Of the sets at every destination. @param recorded sets that should be at one of them */
  readonly setKeys: (recorded: readonly string[]) => Promise<FoundSetKeys>;
  /** Whether the profile says which sets `backup prune` keeps. */
  readonly pruneRules: 'configured' | 'none';
}
