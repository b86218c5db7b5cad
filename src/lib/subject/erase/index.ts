export type { BackupHorizon, EraseContext } from './context.ts';
export { subjectErase } from './kind.ts';
export { eraseReplayer } from './ledger/replayer.ts';
export { type EraseOptions, type PlannedErase, planErase } from './plan-erase.ts';
