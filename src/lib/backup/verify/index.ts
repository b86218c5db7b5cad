export { egressBudget } from './egress.ts';
export type { VerifyOptions } from './job.ts';
export { parseLevel, readsContents } from './level.ts';
export { type VerifyManyOptions, verifyMany } from './verify-many.ts';
export { verifySet } from './verify-set.ts';
