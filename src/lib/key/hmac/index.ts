export { finishHmac, rotateHmac } from './kind.ts';
export { hmacOutcome } from './outcome.ts';
export { type HmacOptions, type PlannedHmac, planHmac } from './plan-hmac.ts';
