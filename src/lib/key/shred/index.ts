export { keyShred } from './kind.ts';
export { type PlannedShred, planShred } from './plan-shred.ts';
export { shredReplayer } from './replayer.ts';
