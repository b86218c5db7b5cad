export type { AdoptContext } from './context.ts';
export { keyAdopt, keyAdoptFinish } from './kind.ts';
export { adoptOutcome } from './outcome.ts';
export { type AdoptOptions, type PlannedAdopt, planAdopt } from './plan-adopt.ts';
