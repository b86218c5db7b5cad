export type { PseudonymContext } from './context.ts';
export type { CountedColumn } from './inputs.ts';
export { rotatePseudonyms } from './kind.ts';
export { countedNow, type PlannedRotation, planRotation } from './plan-rotate.ts';
