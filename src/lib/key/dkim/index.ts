export { adoptSelector } from './adopt.ts';
export { checkDomains } from './check.ts';
export type { DkimContext, DkimDomain } from './context.ts';
export { rotateDkim } from './kind.ts';
export { readSelectors } from './register.ts';
export { planRotation } from './rotation.ts';
export type { RegisteredSelector } from './state.ts';
export { changedSelectors, nsupdateScript, zoneLines } from './zone-change.ts';
