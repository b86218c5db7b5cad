export type { PruneContext } from './context.ts';
export { backupPrune } from './kind.ts';
export { pruneOutcome } from './outcome.ts';
export { type PruneOptions, planPrune } from './plan-prune.ts';
