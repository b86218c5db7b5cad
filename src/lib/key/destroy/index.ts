export { keyCalled } from './called.ts';
export type { DestroyContext, NamedKey, StoredSet, StoredSets } from './context.ts';
export { enableRetiredKey, requireDisabled, requirePending, undestroyKey } from './enable.ts';
export { keyDestroy, keyRetire } from './kind.ts';
export {
  type Assessed,
  assessDestroy,
  assessRetire,
  type DestroyOptions,
  planKeyDestroy,
  planKeyRetire,
  type RetireOptions,
} from './plan-end.ts';
export { ruleText } from './prove.ts';
