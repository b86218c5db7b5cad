export type { OpenpgpContext } from './context.ts';
export { openpgpRotation } from './kind.ts';
export { publishedKeyId } from './outcome.ts';
export { planImport } from './plan-import.ts';
export { type PlannedRotation, planRotation, type RotateOptions } from './plan-rotate.ts';
export { prepareElsewhere } from './rotate-elsewhere.ts';
