export {
  type Deferred,
  type OpenDeferral,
  openDeferrals,
  recordDeferred,
  recordResumed,
} from './deferred.ts';
export { type AppliedErasure, requireNoNewHold, takeUpReleased } from './during-erasure.ts';
export { type HoldMatcher, holdMatcher } from './matcher.ts';
export { type HoldContext, placeHold, releaseHold } from './place.ts';
export { type ActiveHold, readHolds } from './read-holds.ts';
export { listHolds } from './register.ts';
export { settleHold } from './settle.ts';
