import type { PolicyTarget } from '../../src/lib/backup/policy.ts';

export const day = 86_400_000;

/** The destination that the policies of the tests are for. */
export const target: PolicyTarget = {
  bucket: 'vault',
  prefix: 'off-site/backup/production/',
  region: 'eu-central-1',
  lock: { mode: 'compliance', duration: 365 * day },
  keyringLock: { mode: 'compliance', duration: 35 * day },
  conditionalPut: 'native',
};
