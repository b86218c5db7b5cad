export {
  type Deferred,
  type OpenDeferral,
  openDeferrals,
  recordDeferred,
  recordResumed,
} from './deferred.ts';
export { type HoldMatcher, holdMatcher } from './matcher.ts';
export { type ActiveHold, readHolds } from './read-holds.ts';
