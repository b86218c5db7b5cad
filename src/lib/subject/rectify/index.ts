export type { RectifyContext } from './context.ts';
export { subjectRectify } from './kind.ts';
export { rectifyOutcome } from './outcome.ts';
export { type PlannedRectify, planRectify, type RectifyOptions } from './plan-rectify.ts';
export { type RectifyValues, readValues, valueText } from './values.ts';
