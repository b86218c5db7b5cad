import { usageError } from '../base/error.ts';
import type { TenantOffboardResult } from '../subject/offboard/results.ts';
import type { PosternContext } from './context.ts';
import { planModeOf } from './report-submitted.ts';
import { eraseContext } from './subject-erase.ts';
import { type SubmitOptions, submitPlan } from './submit-plan.ts';
import { dayOf, deletionResult } from './tenant-offboard.ts';

export interface OffboardFlags {
  readonly tenant: string;
  readonly delete: boolean;
  readonly ended?: string | undefined;
  readonly reason: string;
  readonly 'dry-run': boolean;
  readonly 'plan-only': boolean;
  readonly asking: SubmitOptions<never>['asking'];
}

/**
 * What `tenant offboard` does. Nothing is entered into the register for a tenant that nobody knows.
 * @param onFound told what would be deleted, before anybody is asked
 * @throws {PosternError} as `planOffboard`, `endOf`, `requireEnded`, `submitPlan`
 */
export async function offboardTenant(
  context: PosternContext,
  flags: OffboardFlags,
  onFound: (found: NonNullable<TenantOffboardResult['deletion']>) => Promise<void>,
): Promise<TenantOffboardResult> {
  const lib = await import('../subject/offboard/index.ts');
  const { tenant } = flags;
  const reason = flags.reason.trim();
  if (reason === '') {
    throw usageError('an offboarding needs a reason, for the register and the certificate', {
      code: 'reason-missing',
      hints: ['give --reason, and name no person in it'],
    });
  }
  const { profile } = context;
  const operation = await eraseContext(context);
  const state = await operation.state();
  const now = operation.clock.now();
  const given = flags.ended === undefined ? undefined : dayOf(flags.ended);
  const known = await lib.offboardingOf(state, profile, { tenant, now });
  const endedOn = lib.endOf(known, { tenant, endedOn: given, reason });
  if (flags.delete) lib.requireEnded(tenant, endedOn, now);
  const mode = planModeOf(flags);
  const begin = () => lib.beginOffboarding(operation, { tenant, endedOn, reason });
  if (!flags.delete) {
    await lib.requireTenant(operation, tenant);
    return { tenant, offboarding: mode === 'dry-run' ? (known ?? null) : await begin(), deletion: null };
  }
  const planned = await lib.planOffboard(operation, { tenant, reason, endedOn });
  const backups = await operation.horizon();
  const unsent = deletionResult(planned, { outcome: 'not stored' }, { backups, done: undefined });
  await onFound(unsent);
  if (mode === 'dry-run') return { tenant, offboarding: known ?? null, deletion: unsent };
  const submitted = await submitPlan(context, {
    operation,
    kind: lib.tenantOffboard,
    plan: planned.plan,
    mode,
    asking: flags.asking,
  });
  // The plan does it too, once it is applied.
  await begin();
  const done = await lib.offboardOutcome(state, submitted.plan);
  const offboarding = await lib.offboardingOf(state, profile, { tenant, now: operation.clock.now() });
  return {
    tenant,
    offboarding: offboarding ?? null,
    deletion: deletionResult(planned, submitted, { backups, done }),
  };
}
