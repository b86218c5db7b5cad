export { openDeferrals, recordDeferred, recordResumed } from './deferred.ts';
export { type HoldMatcher, holdMatcher } from './matcher.ts';
export { placeHold, releaseHold } from './place.ts';
export { type ActiveHold, readHolds } from './read-holds.ts';
export { listHolds } from './register.ts';
export { settleHold } from './settle.ts';
