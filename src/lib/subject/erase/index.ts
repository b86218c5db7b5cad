export type { BackupHorizon, EraseContext } from './context.ts';
export { subjectErase } from './kind.ts';
export { eraseReplayer, type ReplayOptions } from './ledger/replayer.ts';
export { eraseOutcome } from './outcome.ts';
export { type EraseOptions, type PlannedErase, planErase } from './plan-erase.ts';
export { rehearseErase } from './rehearse.ts';
