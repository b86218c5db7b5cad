export { rotateKek } from './kind.ts';
export { kekOutcome } from './outcome.ts';
export { type PlannedKekRotation, planKekRotation, type RotateKekOptions } from './plan-rotate-kek.ts';
