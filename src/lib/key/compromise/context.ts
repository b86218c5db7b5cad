import type { KeyContext } from '../context.ts';
import type { RegisterContext } from '../register/context.ts';

/** What it takes to find out what a key that leaked may have given away, and to plan what follows. */
export interface CompromiseContext {
  readonly register: RegisterContext;
  /** For plans; undefined where the profile has no platform with keyrings, or no state to keep plans in. */
  readonly keys?: () => Promise<KeyContext>;
}
