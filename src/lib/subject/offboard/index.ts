export { tenantOffboard } from './kind.ts';
export { offboardOutcome } from './outcome.ts';
export { planOffboard, requireTenant } from './plan-offboard.ts';
export {
  beginOffboarding,
  endOf,
  listOffboardings,
  offboardingOf,
  recordEvent,
  requireEnded,
} from './register.ts';
export { returnTenant } from './return-tenant.ts';
